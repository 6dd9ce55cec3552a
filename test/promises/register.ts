/** What users of checkpointing systems suffer from elsewhere, what holds here instead, and which tests show it. */
export interface Promise_ {
  readonly number: number
  /** What goes wrong elsewhere. */
  readonly elsewhere: string
  readonly here: string
  /** `file below test/` and a piece of the title of a test in it. */
  readonly shownBy: readonly (readonly [file: string, title: string])[]
}

const stories = 'promises/stories.test.ts'

export const promises: readonly Promise_[] = [
  {
    number: 1,
    elsewhere: 'Nothing resumes "the latest good checkpoint": people search directories.',
    here: '`tidemark resume JOB` finds and verifies it; `tidemark checkpoints ls JOB` lists all.',
    shownBy: [[stories, '1: one command lists']],
  },
  {
    number: 2,
    elsewhere: 'The newest directory is half written, and gets picked.',
    here: '`_metadata` is created last and whole; a directory without it does not exist for any reader.',
    shownBy: [
      [stories, '2: a directory without its metadata'],
      ['checkpoint-store/protocol.test.ts', 'until the link no reader sees anything'],
    ],
  },
  {
    number: 3,
    elsewhere: 'The latest checkpoint is damaged, older ones are there, and nothing goes back to them.',
    here: 'Every file has a checksum. Going back is asked for (`--fallback`), and recorded in what it began.',
    shownBy: [
      ['cli/jobs.test.ts', 'tells a damaged checkpoint from a whole one'],
      ['cli/jobs.test.ts', 'goes back to an older one when asked'],
      ['jobs/fallback.test.ts', 'over a state file with a flipped bit'],
    ],
  },
  {
    number: 4,
    elsewhere: 'Retention deletes a snapshot that something still needs.',
    here: 'What is referenced, pinned, or the newest is not deleted, and nothing at all where metadata cannot be read.',
    shownBy: [
      ['checkpoint-store/pins.test.ts', 'a pin that comes before the owner drops the snapshot holds it'],
      ['checkpoint-store/discard.test.ts', 'keeps the newest entry, what is alive with its parts'],
      ['checkpoint-store/discard.test.ts', 'takes no state file where the metadata of an alive snapshot is damaged'],
    ],
  },
  {
    number: 5,
    elsewhere: 'The catalogue forgets a checkpoint before its files are gone: orphans for ever.',
    here: 'It leaves the alive list first and its files go afterwards; whatever is cut short, the next discard finishes.',
    shownBy: [
      ['checkpoint-store/crashes.test.ts', 'a discard: what exists stays whole, and the next one finishes'],
      ['checkpoint-store/collect.test.ts', 'finishes a deletion and a discard that were cut short'],
    ],
  },
  {
    number: 6,
    elsewhere: 'Time-outs, failed cancels and crashes leave directories; storage grows.',
    here: '`tidemark gc` needs no running job, goes by what metadata refers to, and is a dry run until told otherwise.',
    shownBy: [
      ['cli/gc.test.ts', 'is a dry run, until it is told to delete'],
      ['checkpoint-store/collect.test.ts', 'a dry run tells the same and changes nothing'],
    ],
  },
  {
    number: 7,
    elsewhere: 'A stop failed, and left no checkpoint at all.',
    here: 'Files are deleted only after the end is recorded in the log.',
    shownBy: [
      ['promises/hard-times.test.ts', '7: and 15:'],
      ['checkpoint-store/discard.test.ts', 'refuses to delete an execution that is open or keeps something'],
    ],
  },
  {
    number: 8,
    elsewhere: 'State is persisted by a later step, and lost when the process dies before it.',
    here: 'Tasks write their own state; through the workflow pass only references to it.',
    shownBy: [
      [stories, '8: the state is in files of the task'],
      ['heavy/recovery.test.ts', 'kill -9 of the only worker, and a new one afterwards'],
    ],
  },
  {
    number: 9,
    elsewhere: 'Fast signals keep a workflow from continuing as new, until it hits the hard limit.',
    here: 'No data comes by signal; a run that is due ends as soon as nothing is in flight, and its history has room for all the signals that Temporal takes.',
    shownBy: [
      ['heavy/signal-flood.test.ts', 'signals without a pause'],
      ['jobs/next-run.test.ts', 'run after run takes over tasks that never stop'],
    ],
  },
  {
    number: 10,
    elsewhere: 'With the control plane gone, everything known of a job is gone.',
    here: 'The storage is the record: list, verify and resume work on a new, empty Temporal server.',
    shownBy: [
      [stories, '10: a Temporal server that knows nothing'],
      ['cli/jobs.test.ts', 'keeps checkpoints that are listed, inspected and verified with no Temporal at all'],
    ],
  },
  {
    number: 11,
    elsewhere: 'Nobody can tell when an old directory is safe to delete.',
    here: '`tidemark checkpoints why-kept` says what holds it, and `delete` refuses what a job still needs.',
    shownBy: [['cli/checkpoints-keep.test.ts', 'pins and unpins, and says who and why']],
  },
  {
    number: 12,
    elsewhere: 'Checkpoints taken after a restore depended on files that then went.',
    here: 'The first checkpoint of a new execution is full: what it was restored from may go.',
    shownBy: [[stories, '12: what a job without a claim restored from may go']],
  },
  {
    number: 13,
    elsewhere: 'Counts of references drift after lost messages.',
    here: 'References are read from metadata, or known from that which the process has itself just published, and never counted.',
    shownBy: [
      ['checkpoint/discard-plan.test.ts', 'takes what is below the newest and not kept'],
      [
        'checkpoint-store/discard-after.test.ts',
        'leaves what a discard that looks would leave, whatever happens in between',
      ],
      ['checkpoint-store/crashes.test.ts', 'a late discard with an old newest entry takes nothing'],
    ],
  },
  {
    number: 14,
    elsewhere: 'The savepoint succeeded, the cancel failed, and the savepoint was forgotten.',
    here: 'What a stop is to keep is recorded before tasks are stopped. Savepoints do not exist yet: their messages are refused and change nothing.',
    shownBy: [[stories, '14: a stop that cannot record what it was asked for stops nothing']],
  },
  {
    number: 15,
    elsewhere: 'A job cannot be cancelled while its checkpoints fail.',
    here: 'Cancel always ends, within `tidemark.cancel-timeout`, and says what it could not do.',
    shownBy: [
      ['promises/hard-times.test.ts', '7: and 15:'],
      ['jobs/bad-input.test.ts', 'a cancel ends the job all the same, and says what is not recorded'],
    ],
  },
  {
    number: 16,
    elsewhere: 'A failed job is deployed again without its latest checkpoint: state is lost in silence.',
    here: 'A job that has checkpoints does not begin empty unless that is asked for.',
    shownBy: [
      ['jobs/resume.test.ts', 'a job with retained checkpoints does not begin without a choice'],
      ['cli/jobs.test.ts', 'does not begin without its state unless that is asked for'],
    ],
  },
  {
    number: 17,
    elsewhere: 'A store that is slow or away is taken for "no checkpoint".',
    here: '"Not there" is said only where the store itself said so; anything else is an error, and is tried again.',
    shownBy: [
      ['storage/file-storage.test.ts', 'what the disk refuses is StorageUnavailable, never "not there"'],
      ['cli/gc.test.ts', 'keeps what only an unreachable server could tell, and says so'],
    ],
  },
  {
    number: 18,
    elsewhere: 'Two runs share one directory and damage it.',
    here: 'One directory an execution, a linear log in it, and a claim without which nothing counts.',
    shownBy: [
      ['checkpoint-store/protocol.test.ts', 'of two claims at one number one wins'],
      ['jobs/fencing.test.ts', 'a run that is frozen while another takes over changes nothing when it wakes'],
    ],
  },
  {
    number: 19,
    elsewhere: 'The directory cannot be written, which shows after an hour.',
    here: 'Before the first record, files are written, renamed and deleted in each directory that will be needed.',
    shownBy: [
      ['jobs/bad-input.test.ts', 'a job that cannot have its directory is refused at once'],
      ['connectors/files-probe.test.ts', 'before the first record an output directory'],
    ],
  },
  {
    number: 20,
    elsewhere: 'Other users of the machine can read checkpoints.',
    here: 'Directories are 0700 and files 0600.',
    shownBy: [['jobs/retention.test.ts', 'nobody but the owner can read what was written']],
  },
  {
    number: 21,
    elsewhere: 'Checkpoints cannot be moved or copied.',
    here: 'Paths in metadata are relative; a copied execution restores.',
    shownBy: [['jobs/resume.test.ts', 'while a whole copy restores elsewhere, when the original is gone']],
  },
  {
    number: 22,
    elsewhere: 'Limits of history and payload end a job after weeks.',
    here: 'Few events a checkpoint, references of constant size, and a next run that takes over tasks that go on.',
    shownBy: [
      [stories, '22: a checkpoint costs few events of history'],
      [stories, '8: the state is in files of the task'],
      ['jobs/next-run.test.ts', 'run after run takes over tasks that never stop'],
    ],
  },
  {
    number: 23,
    elsewhere: 'An activity that was given up runs on beside its replacement.',
    here: 'Hosts beat, tasks need a lease, and what an old claim does late counts for nothing.',
    shownBy: [
      ['jobs/fencing.test.ts', 'a run that is frozen while another takes over changes nothing when it wakes'],
      ['heavy/recovery.test.ts', 'stopped for longer than its heartbeats may stay away, it wakes up fenced'],
    ],
  },
  {
    number: 24,
    elsewhere: 'A terminated workflow has no chance to clean up.',
    here: 'The collector applies the retention policy from outside.',
    shownBy: [['heavy/gc.test.ts', 'terminated: closed as FAILED, its retention policy applied']],
  },
  {
    number: 25,
    elsewhere: 'After a deploy, running workflows no longer replay.',
    here: 'A small workflow; recorded histories of every scenario are replayed under the code of today.',
    shownBy: [['jobs/histories.test.ts', "recorded histories replay under today's workflow code"]],
  },
  {
    number: 26,
    elsewhere: 'Closed runs vanish with the retention of the namespace.',
    here: 'The metadata carries the history of the checkpoints before it.',
    shownBy: [[stories, '26: checkpoints tell their own history']],
  },
  {
    number: 27,
    elsewhere: 'Statistics do not survive the coordinator.',
    here: 'They are part of the metadata, and go on in the next execution.',
    shownBy: [[stories, '27: the statistics of its checkpoints go with it']],
  },
  {
    number: 28,
    elsewhere: 'Checkpoints fail for hours, and nobody notices.',
    here: 'Age and failures of checkpoints are metrics, search attributes and alert rules: [monitoring.md](monitoring.md).',
    shownBy: [
      ['jobs/monitoring.test.ts', '28: checkpoints that fail show in the metrics, and in a query'],
      ['jobs/monitoring.test.ts', '28: the alert rules of docs/alerts.yml'],
    ],
  },
]
