//! The eBPF programs that see packets, drops and TCP sockets on hosts without Cilium, as one object
//! for all kernels and little-endian architectures.
//!
//! `README.md` describes the programs; `build` makes the object of them with a pinned compiler, and
//! the object is part of the tree, so that building the agent needs no compiler for BPF.

mod btf;
pub mod layout;

pub use btf::{Btf, Field};

/// The object: programs, maps, constants and their types, for a loader.
pub const OBJECT: &[u8] = include_bytes!("../tidegate.bpfel.o");
