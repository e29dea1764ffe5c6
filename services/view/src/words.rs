//! Enums that are words in JSON. A value that is not said, or that a newer peer
//! says, is `unknown`; where that is a matter of course the schema lists it too.
//! What is read is never `unknown`.

/// Makes such an enum; `from X` also makes the conversions from and to the wire's
/// enum `X`, and `+ "unknown"` lists that word in the schema.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident from $wire:ident {
            $($(#[$about:meta])* $variant:ident = $word:literal,)+
        } $(+ $unknown:literal)?
    ) => {
        words! {
            $(#[$meta])*
            $name { $($(#[$about])* $variant = $word,)+ } $(+ $unknown)?
        }

        impl From<lictor_wire::v1::$wire> for $name {
            fn from(value: lictor_wire::v1::$wire) -> Self {
                match value {
                    lictor_wire::v1::$wire::Unspecified => Self::Unknown,
                    $(lictor_wire::v1::$wire::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for lictor_wire::v1::$wire {
            fn from(word: $name) -> Self {
                match word {
                    $name::Unknown => Self::Unspecified,
                    $($name::$variant => Self::$variant,)+
                }
            }
        }

        impl $name {
            /// The value behind the number in a message.
            #[must_use]
            pub fn read(number: i32) -> Self {
                lictor_wire::v1::$wire::try_from(number).map_or(Self::Unknown, Into::into)
            }
        }
    };
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$about:meta])* $variant:ident = $word:literal,)+
        } $(+ $unknown:literal)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$about])* $variant,)+
            /// Not said, or newer than this program.
            Unknown,
        }

        impl $name {
            /// The word in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    other => Err(serde::de::Error::unknown_variant(other, &[$($word),+])),
                }
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let words = [$($word,)+ $($unknown)?];
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(words))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;
    use utoipa::PartialSchema;

    use crate::{Mode, Writability};

    #[test]
    fn an_enum_value_is_a_word_and_a_newer_one_is_unknown() {
        assert_eq!(Mode::read(v1::Mode::Auto.into()).as_str(), "auto");
        assert_eq!(Mode::read(0).as_str(), "unknown");
        assert_eq!(Mode::read(99).as_str(), "unknown");
        assert_eq!(serde_json::to_value(Mode::Manual).unwrap(), "manual");
    }

    #[test]
    fn what_is_read_is_a_word_of_the_list() {
        let read = |text: &str| serde_json::from_str::<Mode>(text);
        assert_eq!(read("\"auto\"").unwrap(), Mode::Auto);
        for wrong in ["\"unknown\"", "\"Auto\"", "1"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(!error.is_empty(), "{wrong}");
        }
        let error = read("\"wild\"").unwrap_err().to_string();
        assert!(
            error.contains("expected one of `observe`, `manual`, `auto`"),
            "{error}"
        );
    }

    #[test]
    fn the_schema_lists_unknown_only_where_it_is_a_matter_of_course() {
        let listed = |schema| serde_json::to_value::<utoipa::openapi::RefOr<_>>(schema).unwrap();
        let mode: serde_json::Value = listed(Mode::schema());
        assert_eq!(
            mode["enum"],
            serde_json::json!(["observe", "manual", "auto"])
        );
        let writes = listed(Writability::schema());
        assert_eq!(
            writes["enum"].as_array().unwrap().last().unwrap(),
            "unknown"
        );
    }
}
