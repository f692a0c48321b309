/** Numbers on which several parts must agree. */

/** Milliseconds that a login may take, from its beginning to its callback. Marks against logins in the middle last as long. */
export const LOGIN_LIFETIME = 600_000;

/** Milliseconds for which what the store could not do is tried again. Locks are remembered as long. */
export const STORE_PATIENCE = 300_000;

/** Seconds that a store command may take, unless the options say otherwise. */
export const STORE_TIMEOUT = 2;

/** Seconds after the login after which a session ends in any case, unless the options say otherwise. */
export const ABSOLUTE_TIMEOUT = 1_209_600;

/** Seconds by which the clocks of the provider and of this machine may differ. */
export const CLOCK_TOLERANCE = 30;
