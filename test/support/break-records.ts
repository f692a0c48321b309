import type { Redis } from 'ioredis';

/** Lets every command on login records fail, and on nothing else, until they are mended. */
export async function breakRecords(client: Redis): Promise<{ mend(): Promise<void> }> {
  const keys = (await client.keys('oauth:login:*')).filter((key) => key.endsWith('}'));
  const values = await Promise.all(keys.map((key) => client.getBuffer(key)));
  for (const key of keys) {
    await client.del(key);
    // A value of another type: no command for records takes it.
    await client.rpush(key, 'x');
  }
  return {
    async mend() {
      for (const [n, key] of keys.entries()) {
        await client.del(key);
        await client.set(key, values[n] as Buffer, 'PX', 600_000);
      }
    },
  };
}
