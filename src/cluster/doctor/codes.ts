import type { Catalog } from './catalog.ts'
import { HOST_CODES } from './codes/hosts.ts'
import { MEMBER_CODES } from './codes/members.ts'
import { SERVER_CODES } from './codes/servers.ts'

/** Every code that does not belong to one stack alone. */
export const CATALOG: Catalog = [...HOST_CODES, ...MEMBER_CODES, ...SERVER_CODES]
