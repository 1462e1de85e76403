export type { SecuredMessage, SecurityProblem, SnmpAnswering, SnmpSecurity } from '@hotstandby/decoders';
