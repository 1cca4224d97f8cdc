//! What DNS answers teach: the names that the asking endpoint knows addresses by. They pass in
//! records of names, each in front of the record that the answer was in, so that they are known to
//! the flows behind it, while the flow of the message may still be held.
//!
//! As in Cilium (`pkg/fqdn/messagehandler` and `ExtractMsgDetails`, 1.19.4), a successful response
//! gives the queried name to all of its addresses, also to those behind CNAMEs, for the lowest TTL
//! of the chain.

use std::time::Duration;

use tidegate_model::flow::{Address, Dns, DnsAnswer, Flow, L7, L7Record, L7Type, Verdict};
use tidegate_model::names::{DnsName, Names, NamesContent, NamesSource};
use tidegate_model::{Batch, Record, Timestamp};

use crate::l7::access_log::AccessLogEntry;
use crate::l7::stage::Notes;

/// A name was not learnt, because the batch taught too many. Counted once for each answer.
pub(super) const NAMES_FULL: &str = "dns_names_full";

/// The most answers that are learnt from one batch.
const MAX_ANSWERS: usize = 512;

/// The most addresses in the answers of one batch.
const MAX_ADDRESSES: usize = 4096;

/// The response code of success.
const NO_ERROR: u32 = 0;

/// Collects the names that the answers of one batch teach.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Whether a later stage absorbs names.
    is_wanted: bool,
    /// Each with the position of the frame that the answer was in, in the order of the batch.
    names: Vec<(u64, DnsName)>,
    addresses: usize,
    /// Answers that were too many.
    refused: u64,
}

/// The endpoint that asked.
struct Asker {
    /// Its id; 0 if it is unknown.
    endpoint: u16,
    address: Address,
}

impl Answers {
    /// Collects names if a later stage absorbs them, or else nothing.
    pub(super) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            ..Self::default()
        }
    }

    /// Learns from a message in a packet, unless the packet was dropped.
    pub(super) fn learn_from_packet(&mut self, l7: &L7, packet: &Flow) {
        if self.is_wanted
            && packet.verdict != Verdict::Dropped
            && let Some(ip) = packet.ip
        {
            let asker = Asker {
                endpoint: 0,
                address: ip.destination,
            };
            self.learn(l7, asker, packet.time, packet.seq);
        }
    }

    /// Learns from a message in a proxy's record, which was received at `time` with the frame `seq`.
    pub(super) fn learn_from_record(
        &mut self,
        l7: &L7,
        entry: &AccessLogEntry<'_>,
        (time, seq): (Timestamp, u64),
    ) {
        if self.is_wanted
            && entry.view.verdict.0 == b"Forwarded"
            && let Some((address, _)) = entry.client()
        {
            let endpoint = u16::try_from(entry.view.destination.id).unwrap_or_default();
            self.learn(l7, Asker { endpoint, address }, time, seq);
        }
    }

    fn learn(&mut self, l7: &L7, asker: Asker, seen: Timestamp, seq: u64) {
        let L7Record::Dns(dns) = &l7.record else {
            return;
        };
        let name = dns.query.strip_suffix('.').unwrap_or(&dns.query);
        if l7.l7_type != L7Type::Response || dns.rcode != Some(NO_ERROR) || name.is_empty() {
            return;
        }
        let addresses = addresses(dns);
        if addresses.is_empty() {
            return;
        }
        self.addresses += addresses.len();
        if self.names.len() >= MAX_ANSWERS || self.addresses > MAX_ADDRESSES {
            self.refused += 1;
            return;
        }
        let ttl = Duration::from_secs(dns.ttl.unwrap_or_default().into());
        let name = DnsName {
            endpoint: asker.endpoint,
            asker: Some(asker.address),
            name: name.to_ascii_lowercase(),
            addresses,
            seen,
            expires: seen + ttl,
        };
        self.names.push((seq, name));
    }

    /// Inserts what was learnt into the batch, in front of the records that it was learnt from.
    pub(super) fn end_batch(&mut self, batch: &mut Batch, notes: &mut Notes) {
        for _ in 0..std::mem::take(&mut self.refused) {
            notes.add(NAMES_FULL);
        }
        self.addresses = 0;
        if self.names.is_empty() {
            return;
        }
        let mut learnt = self.names.drain(..).peekable();
        let mut inserted = Vec::new();
        for (at, record) in batch.records().iter().enumerate() {
            let Record::Flow(flow) = record else {
                continue;
            };
            let mut names = Vec::new();
            while let Some((_, name)) = learnt.next_if(|(seq, _)| *seq == flow.seq) {
                names.push(name);
            }
            inserted.extend(record_of(names).map(|record| (at, record)));
        }
        drop(learnt);
        batch.insert(inserted);
    }
}

/// A record of these names, unless there are none.
fn record_of(names: Vec<DnsName>) -> Option<Record> {
    let asked = names.first()?.seen;
    Some(Record::Names(Box::new(Names {
        source: NamesSource::Dns,
        asked,
        content: NamesContent::Dns(names),
    })))
}

/// The addresses of an answer, each once.
fn addresses(dns: &Dns) -> Vec<Address> {
    let address = |answer: &DnsAnswer| match answer {
        DnsAnswer::Ip(ip) => Some(Address::from(*ip)),
        DnsAnswer::Zoned(_) | DnsAnswer::Invalid => None,
    };
    let mut addresses: Vec<_> = dns.ips.iter().filter_map(address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
