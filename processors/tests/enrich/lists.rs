//! Lists of the agent's API and announcements in every order, compared with the state of an agent:
//! the table never shows a state that is older than what was announced.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidegate_model::Timestamp;
use tidegate_model::names::{AddressName, NamesContent, NamesList, NamesSource};

use crate::support::{AS_HUBBLE, Enrich, OTHER_NODE, address};

const ADDRESSES: u8 = 4;

/// What an address has: the number of its last change, and whether it has a pod since.
type State = (u32, bool);

/// A list that was requested, and read from the agent some time later.
struct List {
    asked: Timestamp,
    content: Option<Vec<(u8, State)>>,
}

/// An agent, whose announcements are delivered in order and late.
struct Agent {
    enrich: Enrich,
    now: u64,
    changes: u32,
    state: BTreeMap<u8, State>,
    pending: Vec<(u8, State)>,
    announced: BTreeMap<u8, State>,
    list: Option<List>,
}

#[derive(Clone, Debug)]
enum Step {
    Change(u8, bool),
    Deliver,
    Request,
    Read,
    Portion(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..ADDRESSES, any::<bool>()).prop_map(|(number, exists)| Step::Change(number, exists)),
        4 => Just(Step::Deliver),
        1 => Just(Step::Request),
        2 => Just(Step::Read),
        4 => (0..3_usize).prop_map(Step::Portion),
    ]
}

fn pod(number: u8, change: u32) -> String {
    format!("pod-{number}-{change}")
}

impl Agent {
    fn new() -> Self {
        Self {
            enrich: Enrich::new(AS_HUBBLE),
            now: 1,
            changes: 0,
            state: BTreeMap::new(),
            pending: Vec::new(),
            announced: BTreeMap::new(),
            list: None,
        }
    }

    fn step(&mut self, step: Step) {
        self.now += 1;
        self.enrich.time = Timestamp(self.now);
        match step {
            Step::Change(number, exists) => {
                self.changes += 1;
                self.state.insert(number, (self.changes, exists));
                self.pending.push((number, (self.changes, exists)));
            }
            Step::Deliver => self.deliver(),
            Step::Request => {
                self.list.get_or_insert(List {
                    asked: Timestamp(self.now),
                    content: None,
                });
            }
            Step::Read => {
                let state = self.state.iter();
                let existing = state.filter(|(_, (_, exists))| *exists);
                let content = existing.map(|(number, state)| (*number, *state)).collect();
                if let Some(list) = &mut self.list {
                    list.content.get_or_insert(content);
                }
            }
            Step::Portion(len) => self.deliver_portion(len),
        }
    }

    fn deliver(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let (number, (change, exists)) = self.pending.remove(0);
        let cidr = format!("10.0.0.{number}/32");
        if exists {
            let pod = format!("shop/{}", pod(number, change));
            self.enrich.upserted(&cidr, 5000 + change, &pod, OTHER_NODE);
        } else {
            self.enrich.deleted(&cidr);
        }
        self.announced.insert(number, (change, exists));
    }

    fn deliver_portion(&mut self, len: usize) {
        let Some(List {
            asked,
            content: Some(content),
        }) = &mut self.list
        else {
            return;
        };
        let asked = *asked;
        let portion: Vec<_> = content.drain(..len.min(content.len())).collect();
        let is_complete = content.is_empty();
        let entry = |(number, (change, _)): (u8, State)| AddressName {
            address: address(&format!("10.0.0.{number}")),
            prefix_len: 32,
            identity: 5000 + change,
            node: Some(address(OTHER_NODE)),
            namespace: "shop".to_owned(),
            pod_name: pod(number, change),
        };
        let entries = portion.into_iter().map(entry).collect();
        self.send(asked, NamesContent::Addresses(entries));
        if is_complete {
            self.list = None;
            self.send(asked, NamesContent::Complete(NamesList::Addresses));
        }
    }

    fn send(&mut self, asked: Timestamp, content: NamesContent) {
        self.enrich
            .absorb_from(NamesSource::CiliumApi, asked, content);
    }

    /// The change that the pod of an address shows.
    fn shown(&mut self, number: u8) -> Option<u32> {
        let shown = self.enrich.source(&format!("10.0.0.{number}"), 0);
        let pod = shown.split_whitespace().nth(2)?.strip_prefix("shop/")?;
        pod.rsplit_once('-')?.1.parse().ok()
    }

    /// An address for which an older state is shown than was announced.
    fn find_older(&mut self) -> Option<String> {
        (0..ADDRESSES).find_map(|number| {
            let (announced, exists) = self.announced.get(&number).copied()?;
            let latest = self.state.get(&number).copied()?;
            let shown = self.shown(number);
            let is_right = match shown {
                Some(shown) if shown == announced => exists,
                Some(shown) => shown > announced,
                // A list can be newer than the announcements.
                None => !exists || (latest.0 > announced),
            };
            (!is_right).then(|| format!("{number}: {shown:?}, announced {announced} {exists}"))
        })
    }
}

proptest! {
    #[test]
    fn no_order_of_lists_and_announcements_shows_an_older_state(
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let mut agent = Agent::new();
        for step in steps {
            agent.step(step);
            prop_assert_eq!(agent.find_older(), None);
        }
        for _ in 0..agent.pending.len() {
            agent.step(Step::Deliver);
        }
        for step in [Step::Request, Step::Read, Step::Portion(9)] {
            agent.step(step.clone());
            agent.step(step);
        }
        for number in 0..ADDRESSES {
            let state = agent.state.get(&number).copied().filter(|(_, exists)| *exists);
            prop_assert_eq!(agent.shown(number), state.map(|(change, _)| change));
        }
    }
}
