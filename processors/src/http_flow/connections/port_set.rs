//! A set of ports.

/// A set of ports, as a bitmap of 8 KiB.
#[derive(Debug)]
pub(super) struct PortSet(Box<[u64; 1024]>);

impl Default for PortSet {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl PortSet {
    pub(super) fn insert(&mut self, port: u16) {
        self.0[usize::from(port >> 6)] |= 1 << (port & 63);
    }

    #[inline]
    pub(super) fn contains(&self, port: u16) -> bool {
        self.0[usize::from(port >> 6)] >> (port & 63) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::PortSet;

    #[test]
    fn a_port_set_contains_the_ports_that_were_inserted() {
        let inserted = [0, 63, 64, 80, 8080, u16::MAX];
        let mut ports = PortSet::default();
        inserted.iter().for_each(|port| ports.insert(*port));
        let contained: Vec<_> = (0..=u16::MAX)
            .filter(|port| ports.contains(*port))
            .collect();
        assert_eq!(contained, inserted);
    }
}
