import type { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from './acl-enums.js'

/** The rights of a principal. Access control lists are refused: Event Hubs has Azure roles and SAS rules. @public */
export interface Acl {
  /** The principal. */
  principal: string
  /** The client's host. */
  host: string
  /** The operation. */
  operation: AclOperationTypes
  /** Allowed or denied. */
  permissionType: AclPermissionTypes
}

/** The resource an entry protects. @public */
export interface AclResource {
  /** Its kind. */
  resourceType: AclResourceTypes
  /** Its name. */
  resourceName: string
  /** The way names are compared. */
  resourcePatternType: ResourcePatternTypes
}

/** One entry. @public */
export type AclEntry = Acl & AclResource

/** Entries of a resource. @public */
export type DescribeAclResource = AclResource & { acls: Acl[] }

/** The answer that `admin.describeAcls` would resolve to. @public */
export interface DescribeAclResponse {
  /** Ms. */
  throttleTime: number
  /** 0: none. */
  errorCode: number
  /** The reason it went wrong. */
  errorMessage?: string
  /** The entries by resource. */
  resources: DescribeAclResource[]
}

/** The entries that are meant. @public */
export interface AclFilter {
  /** Kind of resource. */
  resourceType: AclResourceTypes
  /** Name of the resource. */
  resourceName?: string
  /** The way names are compared. */
  resourcePatternType: ResourcePatternTypes
  /** The principal. */
  principal?: string
  /** The client's host. */
  host?: string
  /** The operation. */
  operation: AclOperationTypes
  /** Allowed or denied. */
  permissionType: AclPermissionTypes
}

/** A deleted entry. @public */
export interface MatchingAcl {
  /** 0: none. */
  errorCode: number
  /** The reason it went wrong. */
  errorMessage?: string
  /** Kind of resource. */
  resourceType: AclResourceTypes
  /** Name of the resource. */
  resourceName: string
  /** The way names are compared. */
  resourcePatternType: ResourcePatternTypes
  /** The principal. */
  principal: string
  /** The client's host. */
  host: string
  /** The operation. */
  operation: AclOperationTypes
  /** Allowed or denied. */
  permissionType: AclPermissionTypes
}

/** The entries a filter has deleted. @public */
export interface DeleteAclFilterResponses {
  /** 0: none. */
  errorCode: number
  /** The reason it went wrong. */
  errorMessage?: string
  /** The entries. */
  matchingAcls: MatchingAcl[]
}

/** The answer that `admin.deleteAcls` would resolve to. @public */
export interface DeleteAclResponse {
  /** Ms. */
  throttleTime: number
  /** The entries by filter. */
  filterResponses: DeleteAclFilterResponses[]
}
