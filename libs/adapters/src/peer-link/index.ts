export { TlsPeerLink, type PeerLinkOptions } from './tls-peer-link.ts';
