/** By what users can prove who they are, as `acr` has it; the login page asks for nothing either way. */
export const acrs = { password: 'urn:lab:acr:password', twoFactor: 'urn:lab:acr:two-factor' } as const;

/**
 * How a user logs in whom a client asked for more than a password, or not.
 *
 * @param secondFactor whether users have one.
 * @returns nothing, where a client insists on what the user cannot do [OpenID Connect Core 5.5.1.1].
 */
export function reach(params: Readonly<Record<string, unknown>>, secondFactor: boolean): string | undefined {
  const { values, essential } = asked(params);
  const acr = secondFactor && values.includes(acrs.twoFactor) ? acrs.twoFactor : acrs.password;
  return essential && !values.includes(acr) ? undefined : acr;
}

function asked({ acr_values, claims }: Readonly<Record<string, unknown>>) {
  const acr = typeof claims === 'string' ? JSON.parse(claims)?.id_token?.acr : undefined;
  const values: unknown[] = acr?.values ?? (acr?.value === undefined ? [] : [acr.value]);
  if (values.length > 0) return { values, essential: acr.essential === true };
  return { values: typeof acr_values === 'string' ? acr_values.split(' ') : [], essential: false };
}
