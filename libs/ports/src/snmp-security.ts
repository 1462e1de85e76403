export type { SecuredMessage, SnmpSecurity } from '@hotstandby/decoders';
