import { describe, expect, test } from 'vitest';
import { OnTheirWay } from '../../../../src/delivery/handed-over/imap/on-their-way.ts';

/** Gives a message once it is let go, and tells when that is begun. */
function held(
  place: string,
  told: string[],
): { readonly give: () => Promise<string>; readonly letGo: (failure?: Error) => void } {
  let end: ((failure?: Error) => void) | undefined;
  const result = new Promise<string>((resolve, reject) => {
    end = (failure) => (failure === undefined ? resolve(place) : reject(failure));
  });
  const give = (): Promise<string> => {
    told.push(place);
    return result;
  };
  return { give, letGo: (failure) => end?.(failure) };
}

/** All that waits for nothing else has been done. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('messages on their way to one mailbox', () => {
  test.each([
    ['is there', undefined],
    ['has failed', new Error('no')],
  ])('I1: are given one after the other where they are alike: once the first %s', async (_, failure) => {
    const [one, other] = [new OnTheirWay('INBOX'), new OnTheirWay('INBOX')];
    const told: string[] = [];
    const [first, second] = [held('7:1', told), held('7:2', told)];
    const giving = [
      one.inTurn('<1@x>', first.give).catch(() => 'failed'),
      other.inTurn('<1@x>', second.give),
    ];
    await settled();
    expect(told).toEqual(['7:1']);
    first.letGo(failure);
    await settled();
    expect(told).toEqual(['7:1', '7:2']);
    expect(other.placesOfOthers('<1@x>')).toEqual(failure === undefined ? ['7:1'] : []);
    second.letGo();
    expect(await Promise.all(giving)).toEqual([failure === undefined ? '7:1' : 'failed', '7:2']);
    one.clear();
    other.clear();
  });

  test('do not wait for what is unlike them, or goes elsewhere', async () => {
    const all = ['INBOX', 'INBOX', 'Old'].map((mailbox) => new OnTheirWay(mailbox));
    const told: string[] = [];
    const likenesses = ['<1@x>', '<2@x>', '<1@x>'];
    const giving = all.map((one, index) => {
      const { give, letGo } = held(`7:${index}`, told);
      return { given: one.inTurn(likenesses[index] ?? '', give), letGo };
    });
    await settled();
    expect(told).toEqual(['7:0', '7:1', '7:2']);
    for (const { letGo } of giving) letGo();
    await Promise.all(giving.map(({ given }) => given));
    expect(all.map((one) => one.placesOfOthers('<1@x>'))).toEqual([[], ['7:0'], []]);
    for (const one of all) one.clear();
  });

  test('are forgotten once their owner gives another, or closes', async () => {
    const [one, other] = [new OnTheirWay('INBOX'), new OnTheirWay('INBOX')];
    await one.inTurn('<1@x>', () => Promise.resolve('7:1'));
    expect(other.placesOfOthers('<1@x>')).toEqual(['7:1']);
    await one.inTurn('<2@x>', () => Promise.resolve('7:2'));
    expect(other.placesOfOthers('<1@x>')).toEqual([]);
    one.clear();
    expect(other.placesOfOthers('<2@x>')).toEqual([]);
  });
});
