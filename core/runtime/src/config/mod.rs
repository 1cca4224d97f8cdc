//! How configuration keys are declared, and the values that many components' configurations share.

mod address;
mod choice;
mod declaration;
mod defaulted;
mod quantity;
mod queue;
mod range;
mod secret;
mod setting;
mod signals;
mod spelling;
mod table;

pub use address::{AddressError, ListenAddress};
pub use choice::ChoiceVisitor;
pub use declaration::{Choice, Key, Setting, Shape, Table, Value, paragraphs, table_value};
pub use defaulted::Defaulted;
pub use quantity::{ByteSize, HumanDuration, NonZeroDuration};
pub use queue::{DiskQueue, ExporterPolicy, ExporterQueue, Queue, RequestQueue};
pub use range::{Number, Whole};
pub use secret::{MASK, mask_url, url_secrets};
pub use signals::{Signal, Signals};
pub use table::TableVisitor;
pub use toml::Spanned;

/// Separates what is wrong from what to do, in the message of an error of deserialization.
pub const HELP: &str = "\nhelp: ";
