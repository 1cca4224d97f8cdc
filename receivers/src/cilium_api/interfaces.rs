//! The network interfaces of the host, which the API does not list: `eth0`, `cilium_host`.
//!
//! They are read from `/sys/class/net`, which has those of the network namespace that it was mounted
//! in. It is the agent's if the interfaces of endpoints are there under the same index.

use std::fs::{self, DirEntry};
use std::path::Path;

use tidegate_model::names::{EndpointName, InterfaceName, NamesContent};

/// The largest number of interfaces.
const MAX_INTERFACES: usize = 4096;

/// The interfaces of endpoints.
#[derive(Debug, Default)]
pub(super) struct EndpointInterfaces(Vec<InterfaceName>);

impl EndpointInterfaces {
    /// Adds the interfaces of a portion of the list of endpoints.
    pub(super) fn observe(&mut self, portion: &NamesContent) {
        if let NamesContent::Endpoints(endpoints) = portion {
            self.extend(endpoints);
        }
    }

    fn extend(&mut self, endpoints: &[EndpointName]) {
        let is_known = |endpoint: &&EndpointName| {
            endpoint.interface_index != 0 && !endpoint.interface_name.is_empty()
        };
        let interfaces = endpoints.iter().filter(is_known);
        self.0.extend(interfaces.map(|endpoint| InterfaceName {
            index: endpoint.interface_index,
            name: endpoint.interface_name.clone(),
        }));
        self.0.truncate(MAX_INTERFACES);
    }

    /// The interfaces in a directory, unless they are those of another network namespace.
    pub(super) fn read_host(&self, directory: &Path) -> Option<Vec<InterfaceName>> {
        let entries = fs::read_dir(directory).ok()?;
        let of_host: Vec<_> = entries
            .take(MAX_INTERFACES)
            .filter_map(|entry| interface(&entry.ok()?))
            .collect();
        self.are_among(&of_host).then_some(of_host)
    }

    /// Whether one is among these, and none is there with another name or index. One that is not
    /// there may have been deleted.
    fn are_among(&self, of_host: &[InterfaceName]) -> bool {
        let is_other = |of_endpoint: &&InterfaceName| {
            of_host.iter().any(|of_host| {
                (of_host.index == of_endpoint.index) != (of_host.name == of_endpoint.name)
            })
        };
        self.0.iter().any(|one| of_host.contains(one)) && !self.0.iter().any(|one| is_other(&one))
    }
}

/// The interface of an entry of `/sys/class/net`.
fn interface(entry: &DirEntry) -> Option<InterfaceName> {
    let index = fs::read_to_string(entry.path().join("ifindex")).ok()?;
    Some(InterfaceName {
        index: index.trim_end().parse().ok()?,
        name: entry.file_name().into_string().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tidegate_model::names::EndpointName;

    use super::EndpointInterfaces;

    /// The names that are read of a host with `eth0` (2) and `lxc1` (17), beside endpoints with these
    /// interfaces.
    fn read(of_endpoints: &[(u32, &str)]) -> Option<Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        for (index, name) in [(2, "eth0"), (17, "lxc1")] {
            let interface = directory.path().join(name);
            fs::create_dir(&interface).unwrap();
            fs::write(interface.join("ifindex"), format!("{index}\n")).unwrap();
        }
        fs::write(directory.path().join("bonding_masters"), "bond0").unwrap();
        let mut interfaces = EndpointInterfaces::default();
        for (index, name) in of_endpoints {
            interfaces.extend(&[EndpointName {
                interface_index: *index,
                interface_name: (*name).to_owned(),
                ..EndpointName::default()
            }]);
        }
        let read = interfaces.read_host(directory.path())?;
        let mut names: Vec<_> = read
            .into_iter()
            .map(|interface| format!("{} {}", interface.index, interface.name))
            .collect();
        names.sort();
        Some(names)
    }

    #[test]
    fn interfaces_are_the_hosts_if_those_of_endpoints_are_among_them() {
        let all = Some(vec!["17 lxc1".to_owned(), "2 eth0".to_owned()]);
        assert_eq!(read(&[(17, "lxc1")]), all);
        assert_eq!(read(&[(17, "lxc1"), (19, "lxc2")]), all, "one was deleted");
        assert_eq!(read(&[(17, "lxc1"), (0, "")]), all, "the host's endpoint");
        assert_eq!(read(&[(19, "lxc2")]), None, "none of them is here");
        assert_eq!(read(&[(17, "lxc1"), (2, "lxc2")]), None, "another name");
        assert_eq!(read(&[(17, "lxc1"), (3, "eth0")]), None, "another index");
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn without_the_directory_nothing_is_read() {
        let interfaces = EndpointInterfaces::default();
        assert_eq!(interfaces.read_host("/nonexistent".as_ref()), None);
        assert_eq!(interfaces.read_host("".as_ref()), None);
    }
}
