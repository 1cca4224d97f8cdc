//! Why an endpoint of a flow lacks names.

/// What the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// Neither the event nor the table has an identity of the address.
    Address,
    /// The labels of the identity.
    Identity,
    /// The pod of the address, whose identity is one of pods.
    Pod,
}

impl Unnamed {
    /// All causes, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Address, Self::Identity, Self::Pod];

    /// The name in telemetry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "unknown_address",
            Self::Identity => "unknown_identity",
            Self::Pod => "unknown_pod",
        }
    }
}
