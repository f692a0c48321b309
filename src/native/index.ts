export { type LoopbackLogin, type LoopbackLoginOptions, loginViaLoopback } from './loopback.js';
