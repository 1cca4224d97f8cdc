//! How configuration keys are declared: once, with their type, default and documentation. The
//! parser, the defaults, `tidegate components`, the comments of `pipeline.toml` and the JSON Schema
//! of `tidegate schema` all come from the declaration.
//!
//! [`config_table!`](crate::config_table) declares a table,
//! [`config_choice!`](crate::config_choice) the values that a key chooses from. Any other type of a
//! value implements [`Setting`].

pub use toml::Value;

/// A type that the value of a key can have.
pub trait Setting {
    /// The values that the file can hold.
    fn shape() -> Shape;

    /// The value as it is written in the file; `None` if the key would be left out.
    fn to_toml(&self) -> Option<Value>;
}

/// A table of the configuration file, declared by [`config_table!`](crate::config_table).
pub trait Table {
    /// What the table is for: the lines of its doc comment. The first paragraph is a summary.
    const ABOUT: &'static str;
    /// Its keys, in the order of the declaration.
    const KEYS: &'static [Key];
}

/// A configuration key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it does, and when to change it: the lines of its doc comment.
    pub text: &'static str,
    /// The first release that has the key by this name.
    pub since: &'static str,
    /// Its name before [`Key::since`], which is accepted with a warning for two minor releases.
    pub renamed_from: Option<&'static str>,
    /// Another name that is accepted for good.
    pub alias: Option<&'static str>,
    /// An example for a key that has no default, as TOML.
    pub sample: Option<&'static str>,
    /// Whether it has to be given.
    pub is_required: bool,
    /// The values that it can have.
    pub shape: fn() -> Shape,
    /// Its default; `None` if there is none, or if the default is to leave it out.
    pub default: fn() -> Option<Value>,
}

/// The values that a key can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest, where it is not that of the type.
        max: Option<u64>,
    },
    /// A number with or without a fraction.
    Number {
        /// The smallest.
        min: f64,
        /// The largest.
        max: Option<f64>,
    },
    /// A string.
    Text {
        /// A regular expression (ECMA 262) that it matches, if not any will do.
        pattern: Option<&'static str>,
    },
    /// One of some strings.
    Choice(&'static [Choice]),
    /// A list.
    List(Box<Self>),
    /// A table with keys of the user's choice.
    Map(Box<Self>),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table with keys of these names, which are documented elsewhere.
    Fields(&'static [&'static str]),
}

/// One of the values that a key chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub name: &'static str,
    /// What it means: the lines of its doc comment.
    pub text: &'static str,
}

impl Key {
    /// The keys of the value, if that is a table.
    #[must_use]
    pub fn inner(&self) -> Option<&'static [Key]> {
        match (self.shape)() {
            Shape::Table(keys) => Some(keys),
            _ => None,
        }
    }
}

impl PartialEq for Key {
    /// Two keys of one table are the same if their names are.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

/// A table of the keys that have a value.
#[must_use]
pub fn table_value<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let entries = entries.into_iter();
    let given = entries.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Table(given.collect())
}

/// The paragraphs of a doc comment, each without line breaks.
#[must_use]
pub fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let last = paragraphs.len() - 1;
        match line {
            "" if !paragraphs[last].is_empty() => paragraphs.push(String::new()),
            _ if paragraphs[last].is_empty() => paragraphs[last].push_str(line),
            _ => paragraphs[last] = format!("{} {line}", paragraphs[last]),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Declares a table of the configuration file: a struct that is [`Deserialize`](serde::Deserialize)
/// and a [`Table`].
///
/// A key with `= default` may be left out; one without has to be given. The struct is [`Default`]
/// if every key has a default. Unknown keys are refused. Doc comments are what operators read.
///
/// ```
/// tidegate_runtime::config_table! {
///     /// Reads a thing.
///     #[derive(Clone, Debug)]
///     pub struct Config {
///         /// Where the thing is.
///         #[sample = "\"/run/thing\""]
///         pub path: std::path::PathBuf,
///         /// How many of them at once.
///         #[since = "0.2.0"]
///         #[renamed_from = "parallel"]
///         pub at_once: usize = 4,
///     }
/// }
/// ```
#[macro_export]
macro_rules! config_table {
    ($($tokens:tt)*) => {
        $crate::config_table_struct! { $($tokens)* }
        $crate::config_table_default! { $($tokens)* }
    };
}

/// The part of [`config_table!`](crate::config_table) that all tables have.
#[doc(hidden)]
#[macro_export]
macro_rules! config_table_struct {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:ident),* $(,)?)])?
        $vis:vis struct $Table:ident {
            $(
                $(#[doc = $text:literal])+
                $(#[since = $since:literal])?
                $(#[renamed_from = $old:literal])?
                $(#[alias = $alias:literal])?
                $(#[sample = $sample:literal])?
                $key_vis:vis $key:ident: $Type:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])+
        $(#[derive($($derive),*)])?
        $vis struct $Table {
            $(
                $(#[doc = $text])+
                $key_vis $key: $Type,
            )*
        }

        impl<'de> ::serde::Deserialize<'de> for $Table {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                /// What is given: everything that is required, at least.
                #[derive(::serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Given {
                    $(
                        $(#[serde(alias = $alias)])?
                        $key: $crate::config_table_key!(@given $Type $(, $default)?),
                    )*
                }
                let given = $crate::config::TableVisitor::<Given>::default();
                let Given { $($key),* } = deserializer.deserialize_map(given)?;
                Ok(Self { $($key: $crate::config_table_key!(@value $key $(, $default)?)),* })
            }
        }

        impl $crate::config::Table for $Table {
            const ABOUT: &'static str = concat!($($about, "\n"),+);
            const KEYS: &'static [$crate::config::Key] = &[$($crate::config::Key {
                name: stringify!($key),
                text: concat!($($text, "\n"),+),
                since: [$($since,)? "0.1.0"][0],
                renamed_from: [$(Some($old),)? None][0],
                alias: [$(Some($alias),)? None][0],
                sample: [$(Some($sample),)? None][0],
                is_required: $crate::config_table_key!(@is_required $($default)?),
                shape: <$Type as $crate::config::Setting>::shape,
                default: $crate::config_table_key!(@default $Type $(, $default)?),
            }),*];
        }

        impl $crate::config::Setting for $Table {
            fn shape() -> $crate::config::Shape {
                $crate::config::Shape::Table(<Self as $crate::config::Table>::KEYS)
            }

            fn to_toml(&self) -> Option<$crate::config::Value> {
                Some($crate::config::table_value([
                    $((stringify!($key), $crate::config::Setting::to_toml(&self.$key))),*
                ]))
            }
        }
    };
}

/// The part of [`config_table!`](crate::config_table) that depends on whether a key has a default.
#[doc(hidden)]
#[macro_export]
macro_rules! config_table_key {
    (@given $Type:ty, $default:expr) => { ::core::option::Option<$Type> };
    (@given $Type:ty) => { $Type };
    (@value $key:ident, $default:expr) => { $key.unwrap_or_else(|| $default) };
    (@value $key:ident) => { $key };
    (@is_required $default:expr) => { false };
    (@is_required) => { true };
    (@default $Type:ty, $default:expr) => {
        || $crate::config::Setting::to_toml(&{ let default: $Type = $default; default })
    };
    (@default $Type:ty) => { || ::core::option::Option::None };
}

/// The part of [`config_table!`](crate::config_table) for tables that can be empty.
#[doc(hidden)]
#[macro_export]
macro_rules! config_table_default {
    (
        $(#[$about:meta])+
        $vis:vis struct $Table:ident {
            $(
                $(#[$attribute:meta])+
                $key_vis:vis $key:ident: $Type:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        impl ::core::default::Default for $Table {
            fn default() -> Self {
                Self { $($key: $default),* }
            }
        }
    };
    ($($required:tt)*) => {};
}

/// Declares the values that a key chooses from: an enum with the name of each in the file, which is
/// [`Deserialize`](serde::Deserialize), [`Serialize`](serde::Serialize) and a [`Setting`]. One of them
/// can be its [`Default`].
///
/// ```
/// tidegate_runtime::config_choice! {
///     /// What to do at the end.
///     pub enum AtEnd = Stop {
///         /// Begin again.
///         Repeat = "repeat",
///         /// End, too.
///         Stop = "stop",
///     }
/// }
/// ```
#[macro_export]
macro_rules! config_choice {
    (
        $(#[$attribute:meta])+
        $vis:vis enum $Choice:ident $(= $Default:ident)? {
            $(
                $(#[doc = $text:literal])+
                $Variant:ident = $name:literal
            ),+ $(,)?
        }
    ) => {
        $(#[$attribute])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $Choice {
            $($(#[doc = $text])+ $Variant),+
        }

        impl ::serde::Serialize for $Choice {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $Choice {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                deserializer.deserialize_str($crate::config::ChoiceVisitor {
                    names: &[$($name),+],
                    parse: |text| match text {
                        $($name => Some(Self::$Variant),)+
                        _ => None,
                    },
                })
            }
        }

        $(
            impl ::core::default::Default for $Choice {
                fn default() -> Self {
                    Self::$Default
                }
            }
        )?

        impl $Choice {
            /// The name in configuration files.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name),+
                }
            }
        }

        impl $crate::config::Setting for $Choice {
            fn shape() -> $crate::config::Shape {
                $crate::config::Shape::Choice(&[$($crate::config::Choice {
                    name: $name,
                    text: concat!($($text, "\n"),+),
                }),+])
            }

            fn to_toml(&self) -> Option<$crate::config::Value> {
                Some(self.name().into())
            }
        }
    };
}
