//! What the lists of a large cluster take, from the bytes of the agent's API to the table of
//! `cilium_enrich`: CPU time of reading and of the table, and the memory that stays allocated.
//!
//! `cargo bench -p tidegate-processors --bench large_cluster`, or with `-- --pods 5000 --rounds 5`.
//! Times are those of the best round. It fails if a cluster of 100,000 pods takes more than
//! [`MAX_CPU`] or [`MAX_BYTES`].

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod lists;

use std::alloc::System;
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::de::IntoDeserializer as _;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_receivers::cilium_api::{ApiList, ListParser};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The length of the pieces in which a body arrives.
const PIECE: usize = 64 << 10;
const PODS: u32 = 100_000;
/// The CPU time that one pass over all lists may take.
const MAX_CPU: Duration = Duration::from_millis(200);
/// The memory that the table may keep of it.
const MAX_BYTES: usize = 25 << 20;

/// What a list takes.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    reading: Duration,
    table: Duration,
    bytes: usize,
}

impl Cost {
    fn cpu(&self) -> Duration {
        self.reading + self.table
    }

    fn print(&self, list: &str, body: usize) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "| {list} | {body} | {:.1} | {:.1} | {:.1} | {} |",
            ms(self.reading),
            ms(self.table),
            ms(self.cpu()),
            self.bytes >> 10
        );
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.reading += other.reading;
        self.table += other.table;
        self.bytes += other.bytes;
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.parse().ok()
    };
    let pods = number("--pods").unwrap_or(PODS);
    let rounds = number("--rounds").unwrap_or(5);
    let lists = lists::lists(pods);
    let best = (0..rounds)
        .map(|_| load(&lists))
        .min_by_key(|costs| costs.iter().map(Cost::cpu).sum::<Duration>())
        .unwrap();
    println!("| list | bytes of JSON | reading, CPU ms | table, CPU ms | both | KiB kept |");
    println!("| --- | --: | --: | --: | --: | --: |");
    let mut total = Cost::default();
    let mut bytes = 0;
    for ((list, body), cost) in lists.iter().zip(best) {
        cost.print(list.name(), body.len());
        total += cost;
        bytes += body.len();
    }
    total.print("**in all**", bytes);
    if pods > PODS || (total.cpu() <= MAX_CPU && total.bytes <= MAX_BYTES) {
        return ExitCode::SUCCESS;
    }
    println!("more than {MAX_CPU:?} or {} MiB", MAX_BYTES >> 20);
    ExitCode::FAILURE
}

/// Passes the lists to a new processor.
fn load(lists: &[(ApiList, Vec<u8>)]) -> Vec<Cost> {
    let mut processor = build();
    let costs = lists
        .iter()
        .map(|(list, body)| load_list(processor.as_mut(), *list, body));
    costs.collect()
}

fn load_list(processor: &mut dyn Processor, list: ApiList, body: &[u8]) -> Cost {
    let region = Region::new(ALLOCATOR);
    let mut cost = Cost::default();
    let mut parser = ListParser::new(list);
    for piece in body.chunks(PIECE) {
        let (portion, reading) = timed(|| parser.push(piece).unwrap());
        cost.reading += reading;
        cost.table += absorb(processor, portion);
    }
    let (portion, reading) = timed(|| parser.finish().unwrap());
    drop(parser);
    cost.reading += reading;
    cost.table += absorb(processor, portion);
    cost.table += absorb(processor, Some(NamesContent::Complete(list.of_names())));
    cost.bytes = kept(&region);
    cost
}

/// Passes a portion to the processor, and returns the CPU time.
fn absorb(processor: &mut dyn Processor, portion: Option<NamesContent>) -> Duration {
    let Some(content) = portion else {
        return Duration::ZERO;
    };
    let mut batch = Batch::new();
    batch.push(Record::Names(Box::new(Names {
        source: NamesSource::CiliumApi,
        asked: Timestamp(1),
        content,
    })));
    let mut tally = Tally::default();
    let ((), time) = timed(|| processor.process(&mut batch, &mut tally));
    assert_eq!(tally.notes(), []);
    time
}

/// The bytes that were allocated since, and stay.
fn kept(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = thread_time();
    let result = work();
    (result, thread_time() - start)
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .unwrap()
        .into()
}

fn build() -> Box<dyn Processor> {
    let kind = KINDS.iter().find(|kind| kind.name == "cilium_enrich");
    let table = ValueDeserializer::parse("{}").unwrap();
    let config = (kind.unwrap().parse)(table.into_deserializer()).unwrap();
    let context = BuildContext {
        stage: StageId::processor("cilium_enrich"),
        node_name: "bench".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config.build(&context).unwrap()
}
