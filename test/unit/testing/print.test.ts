import { describeLab, startLab } from '../../../src/testing/index.js';

it('describeLab tells what one has to know to use a lab by hand', async () => {
  const lab = await startLab({ providers: ['aliyun', 'pds', 'welink'] });
  const lines = describeLab(lab).split('\n');
  expect(lines.filter((line) => /^\S/.test(line))).toEqual([
    'aliyun: Alibaba Cloud (lab)',
    'pds: Alibaba PDS (lab)',
    'welink: Huawei WeLink (lab)',
  ]);
  for (const { endpoints, clients, users } of Object.values(lab.providers)) {
    for (const [key, url] of Object.entries(endpoints)) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${key} +${url}$`)));
    }
    const { clientId, clientSecret } = clients.web;
    expect(lines).toContainEqual(
      expect.stringMatching(`^  client web +${clientId}, secret ${clientSecret}$`),
    );
    for (const { id, sub } of users) {
      expect(lines).toContainEqual(expect.stringMatching(`^  user ${id} .*subject ${sub}$`));
    }
  }
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}domainId +labhz001$/));
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}client jwt +LabPdsJwtApp0001, private key/));
  expect(lines.filter((line) => line.includes('client native'))).toHaveLength(2);
  expect(lines.join()).not.toContain('BEGIN');
  await lab.close();
});
