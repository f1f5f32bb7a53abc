import type { Enums } from './enums.js'

/** The resources an access control entry protects. @public */
export const AclResourceTypes = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
} as unknown as typeof Enums.AclResourceTypes
/** The resources an access control entry protects. @public */
export type AclResourceTypes = Enums.AclResourceTypes
/** The members of `AclResourceTypes` as types. @public */
export declare namespace AclResourceTypes {
  /** No value that is known. */
  type UNKNOWN = Enums.AclResourceTypes.UNKNOWN
  /** In a filter: every one. */
  type ANY = Enums.AclResourceTypes.ANY
  /** A topic. */
  type TOPIC = Enums.AclResourceTypes.TOPIC
  /** A consumer group. */
  type GROUP = Enums.AclResourceTypes.GROUP
  /** The cluster. */
  type CLUSTER = Enums.AclResourceTypes.CLUSTER
  /** A transactional id. */
  type TRANSACTIONAL_ID = Enums.AclResourceTypes.TRANSACTIONAL_ID
  /** A delegation token. */
  type DELEGATION_TOKEN = Enums.AclResourceTypes.DELEGATION_TOKEN
}

/** The operations an access control entry allows or denies. @public */
export const AclOperationTypes = {
  UNKNOWN: 0,
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as unknown as typeof Enums.AclOperationTypes
/** The operations an access control entry allows or denies. @public */
export type AclOperationTypes = Enums.AclOperationTypes
/** The members of `AclOperationTypes` as types. @public */
export declare namespace AclOperationTypes {
  /** No value that is known. */
  type UNKNOWN = Enums.AclOperationTypes.UNKNOWN
  /** In a filter: every one. */
  type ANY = Enums.AclOperationTypes.ANY
  /** Every operation. */
  type ALL = Enums.AclOperationTypes.ALL
  /** Reading. */
  type READ = Enums.AclOperationTypes.READ
  /** Writing. */
  type WRITE = Enums.AclOperationTypes.WRITE
  /** Creating. */
  type CREATE = Enums.AclOperationTypes.CREATE
  /** Deleting. */
  type DELETE = Enums.AclOperationTypes.DELETE
  /** Altering. */
  type ALTER = Enums.AclOperationTypes.ALTER
  /** Describing. */
  type DESCRIBE = Enums.AclOperationTypes.DESCRIBE
  /** Actions between brokers. */
  type CLUSTER_ACTION = Enums.AclOperationTypes.CLUSTER_ACTION
  /** Describing configurations. */
  type DESCRIBE_CONFIGS = Enums.AclOperationTypes.DESCRIBE_CONFIGS
  /** Altering configurations. */
  type ALTER_CONFIGS = Enums.AclOperationTypes.ALTER_CONFIGS
  /** Idempotent writing. */
  type IDEMPOTENT_WRITE = Enums.AclOperationTypes.IDEMPOTENT_WRITE
}

/** The effect of an access control entry: to allow or to deny. @public */
export const AclPermissionTypes = {
  UNKNOWN: 0,
  ANY: 1,
  DENY: 2,
  ALLOW: 3,
} as unknown as typeof Enums.AclPermissionTypes
/** The effect of an access control entry: to allow or to deny. @public */
export type AclPermissionTypes = Enums.AclPermissionTypes
/** The members of `AclPermissionTypes` as types. @public */
export declare namespace AclPermissionTypes {
  /** No value that is known. */
  type UNKNOWN = Enums.AclPermissionTypes.UNKNOWN
  /** In a filter: either. */
  type ANY = Enums.AclPermissionTypes.ANY
  /** Denied. */
  type DENY = Enums.AclPermissionTypes.DENY
  /** Allowed. */
  type ALLOW = Enums.AclPermissionTypes.ALLOW
}

/** The way the resource name of an access control entry is compared. @public */
export const ResourcePatternTypes = {
  UNKNOWN: 0,
  ANY: 1,
  MATCH: 2,
  LITERAL: 3,
  PREFIXED: 4,
} as unknown as typeof Enums.ResourcePatternTypes
/** The way the resource name of an access control entry is compared. @public */
export type ResourcePatternTypes = Enums.ResourcePatternTypes
/** The members of `ResourcePatternTypes` as types. @public */
export declare namespace ResourcePatternTypes {
  /** No value that is known. */
  type UNKNOWN = Enums.ResourcePatternTypes.UNKNOWN
  /** In a filter: every pattern. */
  type ANY = Enums.ResourcePatternTypes.ANY
  /** In a filter: whatever pattern covers the name. */
  type MATCH = Enums.ResourcePatternTypes.MATCH
  /** The very name. */
  type LITERAL = Enums.ResourcePatternTypes.LITERAL
  /** Names that start with it. */
  type PREFIXED = Enums.ResourcePatternTypes.PREFIXED
}
