/** Specification 12.5 to 12.8: counters, the end of a job, stop, suspend and resume. */
import { testsIn } from './row.ts';
import type { Section } from './row.ts';

const chain = testsIn('test/machines/chain.test.ts');
const ends = testsIn('test/machines/chain.ends.test.ts');
const states = testsIn('test/machines/chain.states.test.ts');
const job = testsIn('test/machines/job.test.ts');
const graph = testsIn('test/machines/graph.test.ts');
const tracker = testsIn('test/machines/tracker.test.ts');
const property = testsIn('test/machines/chain.property.test.ts');
const terminals = testsIn('test/cli/twoTerminals.test.ts');
const api = testsIn('test/api/commands.test.ts');

/** The reference of the property test keeps all counters by the letter of the specification. */
const reference = property('random histories agree with the reference and every chain ends');

export const counters: Section = {
  title: '12.5 Counters',
  rows: [
    {
      row: 'sequenceTries: +1 when the first job starts',
      by: [
        ...chain('resets the sequence, counts another try, and goes on with attempt numbers'),
        ...graph('a sequence with n retries may be tried n + 1 times'),
      ],
    },
    {
      row: 'sequenceTries: −1 on resume if the first job was STOPPED',
      by: chain('a stopped first job does not use up a try of its sequence'),
    },
    {
      row: 'totalJobTries: + tries after each run, never less',
      by: [
        ...ends('keeps the total of tries, and takes one off those that use up retries'),
        ...reference,
      ],
    },
    {
      row: 'latestRunJobTries: + tries after each run, 0 on sequence retry',
      by: [
        ...chain('resets the sequence, counts another try, and goes on with attempt numbers'),
        ...reference,
      ],
    },
    {
      row: 'latestRunJobTries: −1 on resume if STOPPED',
      by: [
        ...chain('a resumed job goes on with its numbers and its retries'),
        ...ends('keeps the total of tries, and takes one off those that use up retries'),
      ],
    },
    {
      row: 'finishedJobs: +1 per COMPLETE, − those rolled back',
      by: [
        ...chain('resets the sequence, counts another try, and goes on with attempt numbers'),
        ...ends('counts what completes meanwhile as finished'),
      ],
    },
    {
      row: 'log numbers rise over the whole request',
      by: job('the first attempt is numbered after all tries so far'),
    },
    {
      row: 'a stop in a retry wait skips a number',
      by: [
        ...tracker(
          'begins it with the timer when it waits, and skips a number when the wait is stopped (12.4)',
        ),
        ...ends(
          'of a job in its retry wait ends that at once, with the try counted that never ran',
        ),
      ],
    },
  ],
};

export const running: Section = {
  title: '12.6 The end of a job, sequence retry',
  rows: [
    {
      row: 'COMPLETE: data to the successors, those that became runnable start',
      by: chain(
        'a job begins when its last parent is complete',
        'a no-op joins the maps of its parents for its children',
      ),
    },
    {
      row: 'STOPPED by itself: nothing, and the chain FAILs in the end',
      by: [
        ...chain('a job that stops by itself makes the chain fail'),
        ...job('job code may ask for stopped by itself'),
      ],
    },
    {
      row: 'a failed job does not end the chain while other branches go on',
      by: chain('a failed job does not keep other branches from ending'),
    },
    {
      row: 'done: all COMPLETE → COMPLETE, else FAIL',
      by: [
        ...chain('a chain without jobs, or with no-ops only, is complete at once'),
        ...reference,
      ],
    },
    {
      row: 'the rollback set: first, its successors, what complete ones lead to, the failed',
      by: graph(
        'a rollback resets the first, its children, what complete jobs lead to, and the failed',
      ),
    },
    {
      row: 'a retry waits sequenceRetryWait',
      by: chain('waits for the retry wait of the sequence'),
    },
    {
      row: 'innermost alone; the budget is shared over outer tries; a nested first job waits',
      by: chain('only the innermost is retried, and its budget is shared over outer tries'),
    },
    {
      row: 'data persists across sequence tries',
      by: chain("a failed job that reports no map keeps its earlier one, below its parents' newer"),
    },
    {
      row: 'SPIN-501 (15): siblings that run are waited for',
      by: chain(
        'waits for siblings that run, which get no further retry (SPIN-501)',
        'a sibling in its retry wait does not hold it up',
      ),
    },
    {
      row: 'any history: same states, counters and data as the table 12.10',
      by: reference,
    },
  ],
};

export const stopping: Section = {
  title: '12.7 Stop',
  rows: [
    {
      row: 'no new jobs start, no retries, no successors',
      by: ends(
        'begins nothing: no successor, no retry of a job, no try of a sequence',
        'leaves a sequence alone whose job fails for good',
      ),
    },
    {
      row: 'all runners are stopped in parallel, their answers decide',
      by: [
        ...chain('running jobs are told, and the last answer ends it'),
        ...job('a running attempt is cancelled, and its answer decides'),
      ],
    },
    {
      row: 'a FAIL caused by stopping is STOPPED (12.4)',
      by: tracker(
        'counts a failure while stopping as stopped, and one without an answer as given up',
      ),
    },
    {
      row: 'the deadline of 10 s',
      by: states('stopping and suspending have a deadline'),
    },
    {
      row: 'still running at the deadline → FAIL; what no worker had begun is STOPPED (ours)',
      by: [
        ...chain('at the deadline what a worker has begun, and not answered, has failed'),
        ...job(
          'at the deadline an attempt that no worker has begun has stopped, and is forgotten',
          'at the deadline one that was begun has failed, and is forgotten',
        ),
      ],
    },
    {
      row: 'a second stop returns ok',
      by: states('%s: asked again, it is so already'),
    },
    {
      row: 'stop while suspending → error',
      by: states('%s: a refused command only answers, naming the state'),
    },
    {
      row: 'stop with no active runner ends the request (15)',
      by: chain('with nothing running it ends at once, and clears the wait of a sequence'),
    },
    {
      row: 'all COMPLETE → COMPLETE',
      by: chain('all complete while stopping is complete'),
    },
    {
      row: 'any FAIL, also from before → FAIL',
      by: chain('a job failed before makes the end failed'),
    },
    { row: 'else STOPPED', by: chain('running jobs are told, and the last answer ends it') },
    {
      row: 'what comes after the end changes nothing',
      by: states('%s: late messages change nothing'),
    },
    {
      row: 'a suspended request can be stopped (issue 6)',
      by: [
        ...chain('a suspended request can be stopped'),
        ...api('a suspended request can be stopped'),
      ],
    },
  ],
};

export const suspending: Section = {
  title: '12.8 Suspend and resume',
  rows: [
    {
      row: 'COMPLETE: counted, data handed on, successors not started',
      by: ends('begins nothing, and what completes meanwhile hands its data on for the resume'),
    },
    {
      row: 'FAIL that can retry its sequence: rolled back, not started',
      by: chain('a sequence to be retried is rolled back, and waits when it is resumed'),
    },
    {
      row: 'still running at the deadline → FAIL',
      by: [
        ...ends('ends failed at the deadline where a worker has begun what is not answered'),
        ...chain('at the deadline what no worker has begun has stopped, and runs after a resume'),
      ],
    },
    { row: 'all COMPLETE → COMPLETE', by: ends('ends complete when everything is') },
    {
      row: 'any FAIL left, however old → FAIL',
      by: ends('ends failed where a job had failed, however long before'),
    },
    {
      row: 'suspend with no active runner is finalised (15)',
      by: ends('with nothing running ends at once, and a wait begins anew with the resume'),
    },
    {
      row: 'else SUSPENDED; a user’s operation (issue 6)',
      by: [
        ...terminals('what one terminal hosts, the other starts, suspends, resumes and stops'),
        ...api('a running request is suspended, goes on, and is stopped'),
      ],
    },
    {
      row: 'resume: STOPPED → PENDING, latestTries −1, total unchanged',
      by: ends(
        'keeps the total of tries, and takes one off those that use up retries',
        'leaves what had stopped by itself to run again, and the end to be complete',
      ),
    },
    {
      row: 'resume: sequenceTries −1 where its first job was STOPPED',
      by: chain('a stopped first job does not use up a try of its sequence'),
    },
    {
      row: 'a sequence prepared for retry waits again',
      by: chain('a sequence to be retried is rolled back, and waits when it is resumed'),
    },
    {
      row: 'resume of what is not SUSPENDED → error',
      by: states('%s: a refused command only answers, naming the state'),
    },
    {
      row: 'shutdown suspends nothing: another host goes on (issue 6)',
      by: terminals(
        'up drains: no state changes, nothing is lost, what had not begun is no attempt',
      ),
    },
    {
      row: 'what is suspended does not expire unless a TTL is set, then it FAILs (issue 6)',
      by: [
        ...ends(
          'waits for ever unless it has a limit',
          'fails when its limit is over, and says why',
          'has its whole time again when it was resumed meanwhile',
        ),
        ...testsIn('test/integration/suspended.test.ts')(
          'a request that is suspended for longer than suspendedTtlMs fails, also after a restart, and is retried',
        ),
      ],
    },
    {
      row: 'as often as one likes',
      by: ends('may come as often as it likes, each time with another number'),
    },
  ],
};
