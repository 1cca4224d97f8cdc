//! Takes the entries of lists from APIs, and what DNS answers teach.

mod endpoints;

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::names::{
    AddressName, DnsName, IdentityName, Names, NamesContent, NamesList, NamesSource, Removal,
};

use crate::addresses::{AddressUpdate, PrefixEntry};
use crate::dns::MIN_LIFETIME;
use crate::origin::Origin;
use crate::pods::check_len;
use crate::prefix::Prefix;
use crate::protocol::DeletedKey;
use crate::reject_reason::RejectReason;
use crate::table::NameTable;

/// The longest DNS name.
const MAX_DNS_NAME: usize = 255;

/// When and from where a portion is.
#[derive(Clone, Copy)]
struct Stated {
    source: NamesSource,
    asked: Timestamp,
}

impl NameTable {
    /// Takes a portion of a list, or its end. Returns why entries were rejected.
    pub(crate) fn absorb(&mut self, names: Names) -> Vec<RejectReason> {
        let Names {
            source,
            asked,
            content,
        } = names;
        let stated = Stated { source, asked };
        if let Some(list) = list_of(&content)
            && self.is_outdated(stated, list)
        {
            return Vec::new();
        }
        match content {
            NamesContent::Identities(listed) => {
                let mut is_changed = false;
                let rejected = rejected(listed, |IdentityName { identity, labels }| {
                    is_changed |= self.identities.list(identity, labels, asked)?;
                    Ok(())
                });
                if is_changed {
                    self.versions.all_changed();
                }
                rejected
            }
            NamesContent::Addresses(listed) => {
                rejected(listed, |entry| self.list_address(entry, stated))
            }
            NamesContent::Endpoints(listed) => {
                rejected(listed, |endpoint| self.list_endpoint(endpoint, stated))
            }
            NamesContent::Services(listed) => rejected(listed, |frontend| {
                let address = frontend.address;
                if self.services.set(source, frontend, asked)? {
                    self.versions.address_changed(address);
                }
                Ok(())
            }),
            rest => self.absorb_rest(rest, stated),
        }
    }

    /// Takes DNS names, and what was removed.
    fn absorb_rest(&mut self, content: NamesContent, stated: Stated) -> Vec<RejectReason> {
        match content {
            NamesContent::Dns(listed) => rejected(listed, |name| self.list_dns(&name, stated)),
            NamesContent::Complete(list) => {
                self.complete(list, stated);
                Vec::new()
            }
            NamesContent::Removed(removed) => {
                for removal in removed {
                    self.remove_listed(removal, stated);
                }
                Vec::new()
            }
            rest => self.absorb_node(rest, stated),
        }
    }

    /// Takes what concerns only this node and its pods.
    fn absorb_node(&mut self, content: NamesContent, stated: Stated) -> Vec<RejectReason> {
        let asked = stated.asked;
        match content {
            NamesContent::Cgroups(listed) => rejected(listed, |pod| {
                let is_added = self.cgroups.set(&pod, asked);
                is_added.then_some(()).ok_or(RejectReason::TableFull)
            }),
            NamesContent::Nodes(listed) => {
                for address in listed.iter().flat_map(|node| self.node.list(node, asked)) {
                    self.versions.address_changed(address);
                }
                Vec::new()
            }
            NamesContent::Workloads(listed) => {
                self.versions.all_changed();
                rejected(listed, |workload| self.workloads.set(workload, asked))
            }
            NamesContent::RuleLogs(listed) => {
                for rule in &listed {
                    self.policies.list_log(rule, asked);
                }
                Vec::new()
            }
            NamesContent::NodeLabels(labels) => {
                let set = self.node.set_labels(labels);
                self.versions.all_changed();
                set.err().into_iter().collect()
            }
            NamesContent::Interfaces(interfaces) => {
                if self.node.set_interfaces(interfaces) {
                    self.versions.all_changed();
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a portion is from before a complete list, or from an agent whose connection ended.
    fn is_outdated(&self, stated: Stated, list: NamesList) -> bool {
        let latest_before = self.connection.latest_before;
        let is_of_earlier_agent = stated.source == NamesSource::CiliumApi
            && latest_before.is_some_and(|latest| stated.asked <= latest);
        is_of_earlier_agent || self.lists.is_outdated(stated.source, list, stated.asked)
    }

    fn list_address(&mut self, listed: AddressName, stated: Stated) -> Result<(), RejectReason> {
        let prefix = Prefix::listed(listed.address, listed.prefix_len);
        let prefix = prefix.ok_or(RejectReason::BadPrefix)?;
        let key = DeletedKey::Prefix(prefix);
        if self.tombstones.is_deleted_since(key, stated.asked) {
            return Ok(());
        }
        let origin = Origin::Listed(stated.source);
        let Some(address) = prefix.address() else {
            let existing = self.prefixes.get(prefix);
            if existing.is_some_and(|existing| existing.since > stated.asked) {
                return Ok(());
            }
            let entry = PrefixEntry {
                identity: listed.identity,
                since: stated.asked,
                origin,
            };
            return self.set_prefix(prefix, entry);
        };
        let existing = self.addresses.get(address);
        if existing.is_some_and(|existing| existing.since > stated.asked) {
            return Ok(());
        }
        check_len(&listed.namespace, &listed.pod_name)?;
        self.set_address(AddressUpdate {
            address,
            identity: listed.identity,
            node: listed.node,
            namespace: &listed.namespace,
            pod_name: listed.pod_name.into_boxed_str(),
            since: stated.asked,
            origin,
        })?;
        Ok(())
    }

    fn list_dns(&mut self, listed: &DnsName, stated: Stated) -> Result<(), RejectReason> {
        let max = self.settings.max_dns_names;
        if listed.name.is_empty() || max == 0 {
            return Ok(());
        }
        // Hubble has the names of this node's endpoints alone.
        let Some(asker) = self.asker(listed) else {
            return Ok(());
        };
        if listed.name.len() > MAX_DNS_NAME {
            return Err(RejectReason::LongNames);
        }
        // The agent's cache has names for as long as it shows them, whatever their time to live.
        let seen = match stated.source {
            NamesSource::Dns => listed.seen,
            NamesSource::CiliumApi | NamesSource::Kubernetes => stated.asked,
        };
        let expires = listed.expires.max(seen + MIN_LIFETIME);
        let name = Arc::from(listed.name.as_str());
        let Self { dns, versions, .. } = self;
        for address in &listed.addresses {
            let changed = |address| versions.address_changed(address);
            let pair = (asker, *address);
            if dns.add(pair, &name, expires, max, changed) {
                versions.address_changed(*address);
            }
        }
        Ok(())
    }

    /// The endpoint of this node that asked for a name, by its id or else by its address.
    fn asker(&self, listed: &DnsName) -> Option<u16> {
        if listed.endpoint != 0 {
            return Some(listed.endpoint);
        }
        let address = listed.asker?;
        let (id, _) = self.local_endpoint(address, self.addresses.get(address))?;
        u16::try_from(id).ok()
    }

    fn remove_listed(&mut self, removal: Removal, stated: Stated) {
        match removal {
            Removal::Identity(identity) => {
                if self.identities.unlist(identity, stated.asked) {
                    self.versions.all_changed();
                }
            }
            Removal::Workload {
                namespace,
                pod_name,
            } => {
                self.workloads.remove(namespace, pod_name);
                self.versions.all_changed();
            }
            Removal::Service { namespace, name } => {
                for address in self.services.remove(stated.source, &namespace, &name) {
                    self.versions.address_changed(address);
                }
            }
        }
    }

    /// Removes what was there before a list was requested and is not in it.
    fn complete(&mut self, list: NamesList, stated: Stated) {
        let Stated { source, asked } = stated;
        match list {
            NamesList::Identities => {
                if self.identities.sweep(asked) {
                    self.versions.all_changed();
                }
            }
            NamesList::Addresses => self.sweep_addresses(asked),
            NamesList::Endpoints => {
                let old = self.endpoints.iter().filter(|(_, one)| one.since < asked);
                let old: Vec<_> = old.map(|(id, _)| id).collect();
                old.into_iter().for_each(|id| self.remove_endpoint(id));
            }
            NamesList::Services => {
                for address in self.services.sweep(source, asked) {
                    self.versions.address_changed(address);
                }
            }
            NamesList::Cgroups => self.cgroups.sweep(asked),
            NamesList::Nodes => {
                for address in self.node.sweep(asked) {
                    self.versions.address_changed(address);
                }
            }
            NamesList::Workloads => {
                self.workloads.sweep(asked);
                self.versions.all_changed();
            }
            NamesList::RuleLogs => self.policies.complete_logs(asked),
            NamesList::Dns => {}
        }
        self.lists.complete(source, list, asked);
    }

    /// Removes addresses and prefixes that were stated before `asked`.
    pub(crate) fn sweep_addresses(&mut self, asked: Timestamp) {
        let addresses = self.addresses.select(|entry| entry.since < asked);
        let prefixes = self.prefixes.select(|entry| entry.since < asked);
        for prefix in addresses.into_iter().map(Prefix::host).chain(prefixes) {
            self.remove_prefix(prefix);
        }
    }
}

/// The list that a portion belongs to.
fn list_of(content: &NamesContent) -> Option<NamesList> {
    Some(match content {
        NamesContent::Identities(_) => NamesList::Identities,
        NamesContent::Addresses(_) => NamesList::Addresses,
        NamesContent::Endpoints(_) => NamesList::Endpoints,
        NamesContent::Services(_) => NamesList::Services,
        NamesContent::Cgroups(_) => NamesList::Cgroups,
        NamesContent::Nodes(_) => NamesList::Nodes,
        NamesContent::Workloads(_) => NamesList::Workloads,
        NamesContent::RuleLogs(_) => NamesList::RuleLogs,
        NamesContent::Complete(list) => *list,
        _ => return None,
    })
}

/// Takes all entries of a portion. Returns why some were rejected.
fn rejected<T>(
    entries: Vec<T>,
    take: impl FnMut(T) -> Result<(), RejectReason>,
) -> Vec<RejectReason> {
    entries
        .into_iter()
        .map(take)
        .filter_map(Result::err)
        .collect()
}
