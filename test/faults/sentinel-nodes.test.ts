/**
 * The list of known Sentinels after some of them have stopped: a Sentinel is removed only when it neither
 * replies nor is reported by another one.
 */
import { expect, test } from "vitest";
import { NoBackoff, Retry } from "../../src/index.js";
import { SentinelNodes } from "../../src/sentinel/nodes.js";
import { type MockSentinel, mockSentinel } from "../support/mock-sentinel.js";

const NAME = "mymaster";

/** Start Sentinels that report each other; only the first is given as an address. */
async function setUp(count: number) {
  const ids = Array.from({ length: count }, (_, index) => String(index).repeat(40));
  const mocks = await Promise.all(ids.map((id) => mockSentinel({ master: 1, id })));
  for (const mock of mocks) tellOf(mock, mocks);
  const [seed] = mocks;
  if (seed === undefined) throw new Error("no Sentinel");
  const nodes = new SentinelNodes([seed.address], { retry: new Retry(new NoBackoff(), 0) });
  const known = (): string[] => nodes.all.map(({ port }) => nameOf(mocks, port)).sort();
  const close = async (): Promise<void> => {
    await nodes.close();
    await Promise.all(mocks.map((mock) => mock[Symbol.asyncDispose]()));
  };
  return { mocks, nodes, known, [Symbol.asyncDispose]: close };
}

function tellOf(mock: MockSentinel, all: readonly MockSentinel[]): void {
  const others = all.filter((one) => one !== mock);
  mock.view.sentinels = others.map(({ address, view }) => [address[1], view.id]);
}

function nameOf(mocks: readonly MockSentinel[], port: number): string {
  return String(mocks.findIndex(({ address }) => address[1] === port));
}

const gone = (mock: MockSentinel | undefined) => mock?.[Symbol.asyncDispose]();

test.each([2, 3])(
  "SentinelNodes keeps the last of %i Sentinels, although no other Sentinel reports it",
  async (count) => {
    await using at = await setUp(count);
    await at.nodes.refresh(NAME);
    const all = at.known();
    expect(all).toHaveLength(count);
    for (const mock of at.mocks) if (mock !== at.mocks[1]) await gone(mock);
    for (let round = 0; round < 3; round++) await at.nodes.refresh(NAME);
    expect(at.known()).toEqual(all);
  },
);

test("SentinelNodes removes a stopped Sentinel that no other Sentinel reports any more", async () => {
  await using at = await setUp(3);
  await at.nodes.refresh(NAME);
  expect(at.known()).toEqual(["0", "1", "2"]);
  await gone(at.mocks[2]);
  await at.nodes.refresh(NAME);
  expect(at.known()).toEqual(["0", "1", "2"]);
  for (const mock of at.mocks.slice(0, 2)) tellOf(mock, at.mocks.slice(0, 2));
  await at.nodes.refresh(NAME);
  expect(at.known()).toEqual(["0", "1"]);
});
