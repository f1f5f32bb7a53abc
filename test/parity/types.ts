/**
 * Holds every type of kafkajs to ours, in both directions. The compiler is what tests here: `npm run typecheck`.
 * `types.test.ts` looks that no type is left out.
 */
import type * as theirs from 'kafkajs'
import type * as ours from '../../src/index.js'

type Fits<A, B> = [A] extends [B] ? true : false

/** What holds of a type and its original. */
interface Compare<Ours, Theirs> {
  /** Ours can be given where theirs is wanted: to functions written for kafkajs. */
  ours: Fits<Ours, Theirs>
  /** Theirs can be given where ours is wanted: what users wrote for kafkajs. */
  theirs: Fits<Theirs, Ours>
}

/** By name, kafkajs's non-exported types too: its file exports all it declares. */
export interface Comparison {
  Without: Compare<ours.Without<{ a: 1 }, { b: 1 }>, theirs.Without<{ a: 1 }, { b: 1 }>>
  XOR: Compare<ours.XOR<{ a: 1 }, { b: 1 }>, theirs.XOR<{ a: 1 }, { b: 1 }>>
  Kafka: Compare<ours.Kafka, theirs.Kafka>
  BrokersFunction: Compare<ours.BrokersFunction, theirs.BrokersFunction>
  SaslAuthenticationRequest: Compare<ours.SaslAuthenticationRequest, theirs.SaslAuthenticationRequest>
  SaslAuthenticationResponse: Compare<
    ours.SaslAuthenticationResponse<number>,
    theirs.SaslAuthenticationResponse<number>
  >
  Authenticator: Compare<ours.Authenticator, theirs.Authenticator>
  SaslAuthenticateArgs: Compare<ours.SaslAuthenticateArgs<number>, theirs.SaslAuthenticateArgs<number>>
  AuthenticationProviderArgs: Compare<ours.AuthenticationProviderArgs, theirs.AuthenticationProviderArgs>
  Mechanism: Compare<ours.Mechanism, theirs.Mechanism>
  KafkaConfig: Compare<ours.KafkaConfig, theirs.KafkaConfig>
  ISocketFactoryArgs: Compare<ours.ISocketFactoryArgs, theirs.ISocketFactoryArgs>
  ISocketFactory: Compare<ours.ISocketFactory, theirs.ISocketFactory>
  OauthbearerProviderResponse: Compare<ours.OauthbearerProviderResponse, theirs.OauthbearerProviderResponse>
  SASLMechanismOptionsMap: Compare<ours.SASLMechanismOptionsMap, theirs.SASLMechanismOptionsMap>
  SASLMechanism: Compare<ours.SASLMechanism, theirs.SASLMechanism>
  SASLMechanismOptions: Compare<ours.SASLMechanismOptions<'plain'>, theirs.SASLMechanismOptions<'plain'>>
  SASLOptions: Compare<ours.SASLOptions, theirs.SASLOptions>
  ProducerConfig: Compare<ours.ProducerConfig, theirs.ProducerConfig>
  Message: Compare<ours.Message, theirs.Message>
  PartitionerArgs: Compare<ours.PartitionerArgs, theirs.PartitionerArgs>
  ICustomPartitioner: Compare<ours.ICustomPartitioner, theirs.ICustomPartitioner>
  DefaultPartitioner: Compare<ours.DefaultPartitioner, theirs.DefaultPartitioner>
  LegacyPartitioner: Compare<ours.LegacyPartitioner, theirs.LegacyPartitioner>
  PartitionMetadata: Compare<ours.PartitionMetadata, theirs.PartitionMetadata>
  IHeaders: Compare<ours.IHeaders, theirs.IHeaders>
  ConsumerConfig: Compare<ours.ConsumerConfig, theirs.ConsumerConfig>
  PartitionAssigner: Compare<ours.PartitionAssigner, theirs.PartitionAssigner>
  CoordinatorMetadata: Compare<ours.CoordinatorMetadata, theirs.CoordinatorMetadata>
  Cluster: Compare<ours.Cluster, theirs.Cluster>
  Assignment: Compare<ours.Assignment, theirs.Assignment>
  GroupMember: Compare<ours.GroupMember, theirs.GroupMember>
  GroupMemberAssignment: Compare<ours.GroupMemberAssignment, theirs.GroupMemberAssignment>
  GroupState: Compare<ours.GroupState, theirs.GroupState>
  Assigner: Compare<ours.Assigner, theirs.Assigner>
  RetryOptions: Compare<ours.RetryOptions, theirs.RetryOptions>
  AdminConfig: Compare<ours.AdminConfig, theirs.AdminConfig>
  ITopicConfig: Compare<ours.ITopicConfig, theirs.ITopicConfig>
  ITopicPartitionConfig: Compare<ours.ITopicPartitionConfig, theirs.ITopicPartitionConfig>
  ITopicMetadata: Compare<ours.ITopicMetadata, theirs.ITopicMetadata>
  ReplicaAssignment: Compare<ours.ReplicaAssignment, theirs.ReplicaAssignment>
  PartitionReassignment: Compare<ours.PartitionReassignment, theirs.PartitionReassignment>
  AclResourceTypes: Compare<ours.AclResourceTypes, theirs.AclResourceTypes>
  ConfigResourceTypes: Compare<ours.ConfigResourceTypes, theirs.ConfigResourceTypes>
  ConfigSource: Compare<ours.ConfigSource, theirs.ConfigSource>
  AclPermissionTypes: Compare<ours.AclPermissionTypes, theirs.AclPermissionTypes>
  AclOperationTypes: Compare<ours.AclOperationTypes, theirs.AclOperationTypes>
  ResourcePatternTypes: Compare<ours.ResourcePatternTypes, theirs.ResourcePatternTypes>
  ResourceConfigQuery: Compare<ours.ResourceConfigQuery, theirs.ResourceConfigQuery>
  ConfigEntries: Compare<ours.ConfigEntries, theirs.ConfigEntries>
  ConfigSynonyms: Compare<ours.ConfigSynonyms, theirs.ConfigSynonyms>
  DescribeConfigResponse: Compare<ours.DescribeConfigResponse, theirs.DescribeConfigResponse>
  IResourceConfigEntry: Compare<ours.IResourceConfigEntry, theirs.IResourceConfigEntry>
  IResourceConfig: Compare<ours.IResourceConfig, theirs.IResourceConfig>
  ValueOf: Compare<ours.ValueOf<{ a: 1 }>, theirs.ValueOf<{ a: 1 }>>
  AdminEvents: Compare<ours.AdminEvents, theirs.AdminEvents>
  InstrumentationEvent: Compare<ours.InstrumentationEvent<number>, theirs.InstrumentationEvent<number>>
  RemoveInstrumentationEventListener: Compare<
    ours.RemoveInstrumentationEventListener<string>,
    theirs.RemoveInstrumentationEventListener<string>
  >
  ConnectEvent: Compare<ours.ConnectEvent, theirs.ConnectEvent>
  DisconnectEvent: Compare<ours.DisconnectEvent, theirs.DisconnectEvent>
  RequestEvent: Compare<ours.RequestEvent, theirs.RequestEvent>
  RequestTimeoutEvent: Compare<ours.RequestTimeoutEvent, theirs.RequestTimeoutEvent>
  RequestQueueSizeEvent: Compare<ours.RequestQueueSizeEvent, theirs.RequestQueueSizeEvent>
  SeekEntry: Compare<ours.SeekEntry, theirs.SeekEntry>
  FetchOffsetsPartition: Compare<ours.FetchOffsetsPartition, theirs.FetchOffsetsPartition>
  Acl: Compare<ours.Acl, theirs.Acl>
  AclResource: Compare<ours.AclResource, theirs.AclResource>
  AclEntry: Compare<ours.AclEntry, theirs.AclEntry>
  DescribeAclResource: Compare<ours.DescribeAclResource, theirs.DescribeAclResource>
  DescribeAclResponse: Compare<ours.DescribeAclResponse, theirs.DescribeAclResponse>
  AclFilter: Compare<ours.AclFilter, theirs.AclFilter>
  MatchingAcl: Compare<ours.MatchingAcl, theirs.MatchingAcl>
  DeleteAclFilterResponses: Compare<ours.DeleteAclFilterResponses, theirs.DeleteAclFilterResponses>
  DeleteAclResponse: Compare<ours.DeleteAclResponse, theirs.DeleteAclResponse>
  ListPartitionReassignmentsResponse: Compare<
    ours.ListPartitionReassignmentsResponse,
    theirs.ListPartitionReassignmentsResponse
  >
  OngoingTopicReassignment: Compare<ours.OngoingTopicReassignment, theirs.OngoingTopicReassignment>
  OngoingPartitionReassignment: Compare<ours.OngoingPartitionReassignment, theirs.OngoingPartitionReassignment>
  Admin: Compare<ours.Admin, theirs.Admin>
  ISerializer: Compare<ours.ISerializer<string>, theirs.ISerializer<string>>
  MemberMetadata: Compare<ours.MemberMetadata, theirs.MemberMetadata>
  MemberAssignment: Compare<ours.MemberAssignment, theirs.MemberAssignment>
  logLevel: Compare<ours.logLevel, theirs.logLevel>
  LogEntry: Compare<ours.LogEntry, theirs.LogEntry>
  LoggerEntryContent: Compare<ours.LoggerEntryContent, theirs.LoggerEntryContent>
  logCreator: Compare<ours.logCreator, theirs.logCreator>
  Logger: Compare<ours.Logger, theirs.Logger>
  BrokerMetadata: Compare<ours.BrokerMetadata, theirs.BrokerMetadata>
  ApiVersions: Compare<ours.ApiVersions, theirs.ApiVersions>
  Broker: Compare<ours.Broker, theirs.Broker>
  MessageSetEntry: Compare<ours.MessageSetEntry, theirs.MessageSetEntry>
  RecordBatchEntry: Compare<ours.RecordBatchEntry, theirs.RecordBatchEntry>
  KafkaMessage: Compare<ours.KafkaMessage, theirs.KafkaMessage>
  ProducerRecord: Compare<ours.ProducerRecord, theirs.ProducerRecord>
  RecordMetadata: Compare<ours.RecordMetadata, theirs.RecordMetadata>
  TopicMessages: Compare<ours.TopicMessages, theirs.TopicMessages>
  ProducerBatch: Compare<ours.ProducerBatch, theirs.ProducerBatch>
  PartitionOffset: Compare<ours.PartitionOffset, theirs.PartitionOffset>
  TopicOffsets: Compare<ours.TopicOffsets, theirs.TopicOffsets>
  Offsets: Compare<ours.Offsets, theirs.Offsets>
  Sender: Compare<ours.Sender, theirs.Sender>
  ProducerEvents: Compare<ours.ProducerEvents, theirs.ProducerEvents>
  Producer: Compare<ours.Producer, theirs.Producer>
  Transaction: Compare<ours.Transaction, theirs.Transaction>
  ConsumerGroup: Compare<ours.ConsumerGroup, theirs.ConsumerGroup>
  MemberDescription: Compare<ours.MemberDescription, theirs.MemberDescription>
  ConsumerGroupState: Compare<ours.ConsumerGroupState, theirs.ConsumerGroupState>
  GroupDescription: Compare<ours.GroupDescription, theirs.GroupDescription>
  GroupDescriptions: Compare<ours.GroupDescriptions, theirs.GroupDescriptions>
  TopicPartitions: Compare<ours.TopicPartitions, theirs.TopicPartitions>
  TopicPartition: Compare<ours.TopicPartition, theirs.TopicPartition>
  TopicPartitionOffset: Compare<ours.TopicPartitionOffset, theirs.TopicPartitionOffset>
  TopicPartitionOffsetAndMetadata: Compare<ours.TopicPartitionOffsetAndMetadata, theirs.TopicPartitionOffsetAndMetadata>
  Batch: Compare<ours.Batch, theirs.Batch>
  GroupOverview: Compare<ours.GroupOverview, theirs.GroupOverview>
  DeleteGroupsResult: Compare<ours.DeleteGroupsResult, theirs.DeleteGroupsResult>
  ConsumerEvents: Compare<ours.ConsumerEvents, theirs.ConsumerEvents>
  ConsumerHeartbeatEvent: Compare<ours.ConsumerHeartbeatEvent, theirs.ConsumerHeartbeatEvent>
  ConsumerCommitOffsetsEvent: Compare<ours.ConsumerCommitOffsetsEvent, theirs.ConsumerCommitOffsetsEvent>
  IMemberAssignment: Compare<ours.IMemberAssignment, theirs.IMemberAssignment>
  ConsumerGroupJoinEvent: Compare<ours.ConsumerGroupJoinEvent, theirs.ConsumerGroupJoinEvent>
  ConsumerFetchStartEvent: Compare<ours.ConsumerFetchStartEvent, theirs.ConsumerFetchStartEvent>
  ConsumerFetchEvent: Compare<ours.ConsumerFetchEvent, theirs.ConsumerFetchEvent>
  IBatchProcessEvent: Compare<ours.IBatchProcessEvent, theirs.IBatchProcessEvent>
  ConsumerStartBatchProcessEvent: Compare<ours.ConsumerStartBatchProcessEvent, theirs.ConsumerStartBatchProcessEvent>
  ConsumerEndBatchProcessEvent: Compare<ours.ConsumerEndBatchProcessEvent, theirs.ConsumerEndBatchProcessEvent>
  ConsumerCrashEvent: Compare<ours.ConsumerCrashEvent, theirs.ConsumerCrashEvent>
  ConsumerRebalancingEvent: Compare<ours.ConsumerRebalancingEvent, theirs.ConsumerRebalancingEvent>
  ConsumerReceivedUnsubcribedTopicsEvent: Compare<
    ours.ConsumerReceivedUnsubcribedTopicsEvent,
    theirs.ConsumerReceivedUnsubcribedTopicsEvent
  >
  OffsetsByTopicPartition: Compare<ours.OffsetsByTopicPartition, theirs.OffsetsByTopicPartition>
  EachMessagePayload: Compare<ours.EachMessagePayload, theirs.EachMessagePayload>
  EachBatchPayload: Compare<ours.EachBatchPayload, theirs.EachBatchPayload>
  ConsumerEachMessagePayload: Compare<ours.ConsumerEachMessagePayload, theirs.ConsumerEachMessagePayload>
  ConsumerEachBatchPayload: Compare<ours.ConsumerEachBatchPayload, theirs.ConsumerEachBatchPayload>
  EachBatchHandler: Compare<ours.EachBatchHandler, theirs.EachBatchHandler>
  EachMessageHandler: Compare<ours.EachMessageHandler, theirs.EachMessageHandler>
  ConsumerRunConfig: Compare<ours.ConsumerRunConfig, theirs.ConsumerRunConfig>
  ConsumerSubscribeTopic: Compare<ours.ConsumerSubscribeTopic, theirs.ConsumerSubscribeTopic>
  ConsumerSubscribeTopics: Compare<ours.ConsumerSubscribeTopics, theirs.ConsumerSubscribeTopics>
  Consumer: Compare<ours.Consumer, theirs.Consumer>
  CompressionTypes: Compare<ours.CompressionTypes, theirs.CompressionTypes>
  KafkaJSError: Compare<ours.KafkaJSError, theirs.KafkaJSError>
  KafkaJSNonRetriableError: Compare<ours.KafkaJSNonRetriableError, theirs.KafkaJSNonRetriableError>
  KafkaJSProtocolError: Compare<ours.KafkaJSProtocolError, theirs.KafkaJSProtocolError>
  KafkaJSAggregateError: Compare<ours.KafkaJSAggregateError, theirs.KafkaJSAggregateError>
  KafkaJSOffsetOutOfRange: Compare<ours.KafkaJSOffsetOutOfRange, theirs.KafkaJSOffsetOutOfRange>
  KafkaJSAlterPartitionReassignmentsError: Compare<
    ours.KafkaJSAlterPartitionReassignmentsError,
    theirs.KafkaJSAlterPartitionReassignmentsError
  >
  KafkaJSNumberOfRetriesExceeded: Compare<ours.KafkaJSNumberOfRetriesExceeded, theirs.KafkaJSNumberOfRetriesExceeded>
  KafkaJSConnectionError: Compare<ours.KafkaJSConnectionError, theirs.KafkaJSConnectionError>
  KafkaJSRequestTimeoutError: Compare<ours.KafkaJSRequestTimeoutError, theirs.KafkaJSRequestTimeoutError>
  KafkaJSMetadataNotLoaded: Compare<ours.KafkaJSMetadataNotLoaded, theirs.KafkaJSMetadataNotLoaded>
  KafkaJSTopicMetadataNotLoaded: Compare<ours.KafkaJSTopicMetadataNotLoaded, theirs.KafkaJSTopicMetadataNotLoaded>
  KafkaJSStaleTopicMetadataAssignment: Compare<
    ours.KafkaJSStaleTopicMetadataAssignment,
    theirs.KafkaJSStaleTopicMetadataAssignment
  >
  KafkaJSServerDoesNotSupportApiKey: Compare<
    ours.KafkaJSServerDoesNotSupportApiKey,
    theirs.KafkaJSServerDoesNotSupportApiKey
  >
  KafkaJSBrokerNotFound: Compare<ours.KafkaJSBrokerNotFound, theirs.KafkaJSBrokerNotFound>
  KafkaJSPartialMessageError: Compare<ours.KafkaJSPartialMessageError, theirs.KafkaJSPartialMessageError>
  KafkaJSSASLAuthenticationError: Compare<ours.KafkaJSSASLAuthenticationError, theirs.KafkaJSSASLAuthenticationError>
  KafkaJSGroupCoordinatorNotFound: Compare<ours.KafkaJSGroupCoordinatorNotFound, theirs.KafkaJSGroupCoordinatorNotFound>
  KafkaJSNotImplemented: Compare<ours.KafkaJSNotImplemented, theirs.KafkaJSNotImplemented>
  KafkaJSTimeout: Compare<ours.KafkaJSTimeout, theirs.KafkaJSTimeout>
  KafkaJSLockTimeout: Compare<ours.KafkaJSLockTimeout, theirs.KafkaJSLockTimeout>
  KafkaJSUnsupportedMagicByteInMessageSet: Compare<
    ours.KafkaJSUnsupportedMagicByteInMessageSet,
    theirs.KafkaJSUnsupportedMagicByteInMessageSet
  >
  KafkaJSDeleteGroupsError: Compare<ours.KafkaJSDeleteGroupsError, theirs.KafkaJSDeleteGroupsError>
  KafkaJSDeleteTopicRecordsError: Compare<ours.KafkaJSDeleteTopicRecordsError, theirs.KafkaJSDeleteTopicRecordsError>
  KafkaJSDeleteGroupsErrorGroups: Compare<ours.KafkaJSDeleteGroupsErrorGroups, theirs.KafkaJSDeleteGroupsErrorGroups>
  KafkaJSDeleteTopicRecordsErrorTopic: Compare<
    ours.KafkaJSDeleteTopicRecordsErrorTopic,
    theirs.KafkaJSDeleteTopicRecordsErrorTopic
  >
  KafkaJSDeleteTopicRecordsErrorPartition: Compare<
    ours.KafkaJSDeleteTopicRecordsErrorPartition,
    theirs.KafkaJSDeleteTopicRecordsErrorPartition
  >
  KafkaJSErrorMetadata: Compare<ours.KafkaJSErrorMetadata, theirs.KafkaJSErrorMetadata>
  KafkaJSOffsetOutOfRangeMetadata: Compare<ours.KafkaJSOffsetOutOfRangeMetadata, theirs.KafkaJSOffsetOutOfRangeMetadata>
  KafkaJSNumberOfRetriesExceededMetadata: Compare<
    ours.KafkaJSNumberOfRetriesExceededMetadata,
    theirs.KafkaJSNumberOfRetriesExceededMetadata
  >
  KafkaJSConnectionErrorMetadata: Compare<ours.KafkaJSConnectionErrorMetadata, theirs.KafkaJSConnectionErrorMetadata>
  KafkaJSRequestTimeoutErrorMetadata: Compare<
    ours.KafkaJSRequestTimeoutErrorMetadata,
    theirs.KafkaJSRequestTimeoutErrorMetadata
  >
  KafkaJSTopicMetadataNotLoadedMetadata: Compare<
    ours.KafkaJSTopicMetadataNotLoadedMetadata,
    theirs.KafkaJSTopicMetadataNotLoadedMetadata
  >
  KafkaJSStaleTopicMetadataAssignmentMetadata: Compare<
    ours.KafkaJSStaleTopicMetadataAssignmentMetadata,
    theirs.KafkaJSStaleTopicMetadataAssignmentMetadata
  >
  KafkaJSServerDoesNotSupportApiKeyMetadata: Compare<
    ours.KafkaJSServerDoesNotSupportApiKeyMetadata,
    theirs.KafkaJSServerDoesNotSupportApiKeyMetadata
  >
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Failing<Side extends 'ours' | 'theirs'> = {
  [Name in keyof Comparison]: Comparison[Name][Side] extends true ? never : Name
}[keyof Comparison]

/** Compiles only if the two are the same. */
const same = <A, B>(_verdict: Equal<A, B>) => {}

// Ours fits everywhere, without exception.
same<Failing<'ours'>, never>(true)
// Theirs fits, but for what has more with us: these errors have the fields that they have at run time in kafkajs too.
same<Failing<'theirs'>, 'KafkaJSDeleteTopicRecordsError' | 'KafkaJSStaleTopicMetadataAssignment'>(true)

/** The values, as functions written for kafkajs take them, and constructors as users call them. */
type Values = keyof typeof theirs & keyof typeof ours
type FailingValues = {
  [Name in Values]: Fits<(typeof ours)[Name], (typeof theirs)[Name]> extends true ? never : Name
}[Values]
same<FailingValues, never>(true)
same<ConstructorParameters<typeof ours.Kafka>, [config: ours.KafkaConfig]>(true)
same<Exclude<keyof typeof theirs, keyof typeof ours>, never>(true)
