/**
 * kafkajs's enums. At run time they are plain one-way maps (`logLevel[4]` is undefined, `Object.values` are numbers),
 * which a compiled `enum` is not; to the compiler they are enums, named as kafkajs's are, so that values and types of
 * the two packages are assignable to each other. Hence the ambient declarations beside the objects.
 */

/** The enums as the compiler sees them. Use the exports of the same names. @public */
export declare namespace Enums {
  /** The amount a logger lets through: an entry is written when its level is not above the logger's. */
  enum logLevel {
    /** No entries at all. */
    NOTHING = 0,
    /** Failures only. */
    ERROR = 1,
    /** Failures, and what may become one. */
    WARN = 2,
    /** Ordinary events as well; the default. */
    INFO = 4,
    /** Everything. */
    DEBUG = 5,
  }
  /** The codecs a producer compresses with; see `eventHubs.compression` for what becomes of it over AMQP. */
  enum CompressionTypes {
    /** Not compressed. */
    None = 0,
    /** gzip, built in. */
    GZIP = 1,
    /** Snappy, once a codec is registered in `CompressionCodecs`. */
    Snappy = 2,
    /** LZ4, once a codec is registered in `CompressionCodecs`. */
    LZ4 = 3,
    /** Zstandard, once a codec is registered in `CompressionCodecs`. */
    ZSTD = 4,
  }
  /** The things a configuration can belong to. */
  enum ConfigResourceTypes {
    /** No value that is known. */
    UNKNOWN = 0,
    /** A topic (event hub). */
    TOPIC = 2,
    /** A broker (namespace). */
    BROKER = 4,
    /** The log levels of a broker; Event Hubs has none. */
    BROKER_LOGGER = 8,
  }
  /** The source of a configuration value. */
  enum ConfigSource {
    /** Not told. */
    UNKNOWN = 0,
    /** Set on the topic. */
    TOPIC_CONFIG = 1,
    /** Set on one broker at run time. */
    DYNAMIC_BROKER_CONFIG = 2,
    /** Set on all brokers at run time. */
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3,
    /** Set on the broker at its start. */
    STATIC_BROKER_CONFIG = 4,
    /** The default of the service. */
    DEFAULT_CONFIG = 5,
    /** A log level set at run time. */
    DYNAMIC_BROKER_LOGGER_CONFIG = 6,
  }
  /** The resources an access control entry protects. */
  enum AclResourceTypes {
    /** No value that is known. */
    UNKNOWN = 0,
    /** In a filter: every one. */
    ANY = 1,
    /** A topic. */
    TOPIC = 2,
    /** A consumer group. */
    GROUP = 3,
    /** The cluster. */
    CLUSTER = 4,
    /** A transactional id. */
    TRANSACTIONAL_ID = 5,
    /** A delegation token. */
    DELEGATION_TOKEN = 6,
  }
  /** The operations an access control entry allows or denies. */
  enum AclOperationTypes {
    /** No value that is known. */
    UNKNOWN = 0,
    /** In a filter: every one. */
    ANY = 1,
    /** Every operation. */
    ALL = 2,
    /** Reading. */
    READ = 3,
    /** Writing. */
    WRITE = 4,
    /** Creating. */
    CREATE = 5,
    /** Deleting. */
    DELETE = 6,
    /** Altering. */
    ALTER = 7,
    /** Describing. */
    DESCRIBE = 8,
    /** Actions between brokers. */
    CLUSTER_ACTION = 9,
    /** Describing configurations. */
    DESCRIBE_CONFIGS = 10,
    /** Altering configurations. */
    ALTER_CONFIGS = 11,
    /** Idempotent writing. */
    IDEMPOTENT_WRITE = 12,
  }
  /** The effect of an access control entry: to allow or to deny. */
  enum AclPermissionTypes {
    /** No value that is known. */
    UNKNOWN = 0,
    /** In a filter: either. */
    ANY = 1,
    /** Denied. */
    DENY = 2,
    /** Allowed. */
    ALLOW = 3,
  }
  /** The way the resource name of an access control entry is compared. */
  enum ResourcePatternTypes {
    /** No value that is known. */
    UNKNOWN = 0,
    /** In a filter: every pattern. */
    ANY = 1,
    /** In a filter: whatever pattern covers the name. */
    MATCH = 2,
    /** The very name. */
    LITERAL = 3,
    /** Names that start with it. */
    PREFIXED = 4,
  }
}

/** The amount a logger lets through: an entry is written when its level is not above the logger's. @public */
export const logLevel = {
  NOTHING: 0,
  ERROR: 1,
  WARN: 2,
  INFO: 4,
  DEBUG: 5,
} as unknown as typeof Enums.logLevel
/** The amount a logger lets through: an entry is written when its level is not above the logger's. @public */
export type logLevel = Enums.logLevel
/** The members of `logLevel` as types. @public */
export declare namespace logLevel {
  /** No entries at all. */
  type NOTHING = Enums.logLevel.NOTHING
  /** Failures only. */
  type ERROR = Enums.logLevel.ERROR
  /** Failures, and what may become one. */
  type WARN = Enums.logLevel.WARN
  /** Ordinary events as well; the default. */
  type INFO = Enums.logLevel.INFO
  /** Everything. */
  type DEBUG = Enums.logLevel.DEBUG
}

/** The codecs a producer compresses with; see `eventHubs.compression` for what becomes of it over AMQP. @public */
export const CompressionTypes = {
  None: 0,
  GZIP: 1,
  Snappy: 2,
  LZ4: 3,
  ZSTD: 4,
} as unknown as typeof Enums.CompressionTypes
/** The codecs a producer compresses with; see `eventHubs.compression` for what becomes of it over AMQP. @public */
export type CompressionTypes = Enums.CompressionTypes
/** The members of `CompressionTypes` as types. @public */
export declare namespace CompressionTypes {
  /** Not compressed. */
  type None = Enums.CompressionTypes.None
  /** gzip, built in. */
  type GZIP = Enums.CompressionTypes.GZIP
  /** Snappy, once a codec is registered in `CompressionCodecs`. */
  type Snappy = Enums.CompressionTypes.Snappy
  /** LZ4, once a codec is registered in `CompressionCodecs`. */
  type LZ4 = Enums.CompressionTypes.LZ4
  /** Zstandard, once a codec is registered in `CompressionCodecs`. */
  type ZSTD = Enums.CompressionTypes.ZSTD
}

/** The things a configuration can belong to. @public */
export const ConfigResourceTypes = {
  UNKNOWN: 0,
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
} as unknown as typeof Enums.ConfigResourceTypes
/** The things a configuration can belong to. @public */
export type ConfigResourceTypes = Enums.ConfigResourceTypes
/** The members of `ConfigResourceTypes` as types. @public */
export declare namespace ConfigResourceTypes {
  /** No value that is known. */
  type UNKNOWN = Enums.ConfigResourceTypes.UNKNOWN
  /** A topic (event hub). */
  type TOPIC = Enums.ConfigResourceTypes.TOPIC
  /** A broker (namespace). */
  type BROKER = Enums.ConfigResourceTypes.BROKER
  /** The log levels of a broker; Event Hubs has none. */
  type BROKER_LOGGER = Enums.ConfigResourceTypes.BROKER_LOGGER
}

/** The source of a configuration value. @public */
export const ConfigSource = {
  UNKNOWN: 0,
  TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
} as unknown as typeof Enums.ConfigSource
/** The source of a configuration value. @public */
export type ConfigSource = Enums.ConfigSource
/** The members of `ConfigSource` as types. @public */
export declare namespace ConfigSource {
  /** Not told. */
  type UNKNOWN = Enums.ConfigSource.UNKNOWN
  /** Set on the topic. */
  type TOPIC_CONFIG = Enums.ConfigSource.TOPIC_CONFIG
  /** Set on one broker at run time. */
  type DYNAMIC_BROKER_CONFIG = Enums.ConfigSource.DYNAMIC_BROKER_CONFIG
  /** Set on all brokers at run time. */
  type DYNAMIC_DEFAULT_BROKER_CONFIG = Enums.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
  /** Set on the broker at its start. */
  type STATIC_BROKER_CONFIG = Enums.ConfigSource.STATIC_BROKER_CONFIG
  /** The default of the service. */
  type DEFAULT_CONFIG = Enums.ConfigSource.DEFAULT_CONFIG
  /** A log level set at run time. */
  type DYNAMIC_BROKER_LOGGER_CONFIG = Enums.ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG
}
