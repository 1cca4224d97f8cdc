//! Receivers of names, and processors that absorb names or learn them for others.

use serde::Deserialize as _;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Outcomes, ProcessorConfig, ReceiverConfig,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::config_table;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Processor, Receiver, StageError};

use super::{kinds, try_load_with};
use crate::config::Registry;
use crate::config::flow::demanded;

const NAMES: Kinds = Kinds::of(&[Kind::Names]);

const REGISTRY: Registry = Registry {
    receivers: &[ComponentKind {
        name: "list",
        about: List::ABOUT,
        keys: List::KEYS,
        outcomes: Outcomes::NONE,
        parse: |table| Ok(Box::new(List::deserialize(table)?)),
    }],
    processors: &[
        ComponentKind {
            name: "learn",
            about: Learn::ABOUT,
            keys: Learn::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Learn::deserialize(table)?)),
        },
        ComponentKind {
            name: "absorb",
            about: Absorb::ABOUT,
            keys: Absorb::KEYS,
            outcomes: Outcomes::NONE,
            parse: |table| Ok(Box::new(Absorb::deserialize(table)?)),
        },
    ],
    exporters: kinds::REGISTRY.exporters,
};

config_table! {
    /// Makes names, and frames unless they are switched off.
    #[derive(Debug)]
    struct List {
        /// Whether it makes frames.
        frames: bool = true,
        /// Whether it needs the name of the node.
        node: bool = false,
    }
}

config_table! {
    /// Learns names, for a processor that absorbs them.
    #[derive(Debug)]
    struct Learn {}
}

config_table! {
    /// Absorbs names.
    #[derive(Debug)]
    struct Absorb {}
}

struct Idle;

impl ReceiverConfig for List {
    fn produces(&self) -> Kinds {
        match self.frames {
            true => NAMES.union(Kinds::of(&[Kind::Frame])),
            false => NAMES,
        }
    }

    fn can_wait(&self) -> bool {
        true
    }

    fn needs_node_name(&self) -> bool {
        self.node
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn Receiver>, BuildError> {
        Ok(Box::new(Idle))
    }
}

impl ProcessorConfig for Learn {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input
    }

    fn creates_on_demand(&self) -> Kinds {
        NAMES
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(Idle))
    }
}

impl ProcessorConfig for Absorb {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Frame, Kind::Names])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.without(NAMES)
    }

    fn build(&self, _: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(Idle))
    }
}

#[async_trait::async_trait]
impl Receiver for Idle {
    async fn run(self: Box<Self>, _: Outbox, _: Shutdown) -> Result<(), StageError> {
        Ok(())
    }
}

impl Processor for Idle {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}
}

fn text(processors: &str) -> String {
    format!(
        "[receivers.list]\n[processors.learn]\n[processors.absorb]\n[exporters.sink]\n\
         [service.pipelines.flows]\nreceivers = [\"list\"]\nprocessors = [{processors}]\n\
         exporters = [\"sink\"]\n"
    )
}

#[test]
fn names_that_no_processor_absorbs_are_warned_about() {
    let (.., said) = try_load_with(&REGISTRY, &text("\"learn\"")).unwrap();
    let expected = "\
warning[names_not_used]: no processor in pipeline `flows` uses the names of `receivers.list`
 --> pipeline.toml:6:14
  |
6 | receivers = [\"list\"]
  |              ^^^^^^ its records reach no stage that takes them
  |
  = help: add a processor of the kind `absorb`
";
    assert!(said.contains(expected), "{said}");
    let (.., said) = try_load_with(&REGISTRY, &text("\"learn\", \"absorb\"")).unwrap();
    assert_eq!(said, "");
}

#[test]
fn a_processor_learns_names_if_a_later_one_absorbs_them() {
    let learner = |processors| {
        let (config, assembly, _) = try_load_with(&REGISTRY, &text(processors)).unwrap();
        let pipeline = &config.pipelines[0];
        let of = |id: &str| config.processors.iter().position(|one| one.id == id);
        let at = |id| {
            let index = of(id);
            let mut stages = pipeline.processors.iter();
            stages.position(|one| Some(one.index) == index).unwrap()
        };
        let learns = demanded(&config, pipeline, at("learn"));
        let absorbs = demanded(&config, pipeline, at("absorb"));
        assert_eq!(absorbs, Kinds::NONE);
        let node = &assembly.topology.pipelines[0].processors[at("learn")];
        (learns, node.fingerprint.clone())
    };
    let behind = learner("\"absorb\", \"learn\"");
    let in_front = learner("\"learn\", \"absorb\"");
    assert_eq!((behind.0, in_front.0), (Kinds::NONE, NAMES));
    // So that a reload replaces it.
    assert_ne!(behind.1, in_front.1);
}

#[test]
fn names_alone_are_no_input_of_a_processor_that_adds_them_to_records() {
    let text = text("\"absorb\"").replace("[receivers.list]", "[receivers.list]\nframes = false");
    let said = try_load_with(&REGISTRY, &text).map(|_| ()).unwrap_err();
    for expected in [
        "`processors.absorb` gets no input in pipeline `flows`",
        "but gets names",
        "but gets nothing",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_name_of_the_host_in_place_of_the_nodes_is_warned_about() {
    let text = text("\"learn\", \"absorb\"");
    let needed = text.replace("[receivers.list]", "[receivers.list]\nnode = true");
    let (config, _, said) = try_load_with(&REGISTRY, &needed).unwrap();
    let host = config.service.node_name;
    let expected = format!(
        "\
warning[host_name_as_node]: `receivers.list` takes the name of this host, {host:?}, for that of the node
 --> pipeline.toml:1:12
  |
1 | [receivers.list]
  |            ^^^^ finds nothing if the node has another name
  |
  = help: set the variable NODE_NAME, in a pod from `spec.nodeName`, or `service.node_name`
"
    );
    assert!(said.contains(&expected), "{said}");
    let given = format!("service.node_name = \"node-a\"\n{needed}");
    for text in [text, given] {
        assert_eq!(try_load_with(&REGISTRY, &text).unwrap().2, "");
    }
}
