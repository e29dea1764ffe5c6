//! What can be wrong with a message, and reading single fields.

use std::error::Error;
use std::str::FromStr;

use thiserror::Error;
use tonic::Status;

/// Why a message is no domain value.
#[derive(Debug, Error)]
pub enum WireError {
    /// A field that must be set is not.
    #[error("field `{field}` is missing")]
    Missing {
        /// Path of the field, such as `clusters[2].epoch`.
        field: String,
    },
    /// A field has a value that makes no sense.
    #[error("field `{field}` is not valid")]
    Invalid {
        /// Path of the field, such as `clusters[2].epoch`.
        field: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl WireError {
    /// The error of a field that must be set.
    pub fn missing(field: impl Into<String>) -> Self {
        Self::Missing {
            field: field.into(),
        }
    }

    /// The error of a field whose value makes no sense.
    pub fn invalid(
        field: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Invalid {
            field: field.into(),
            source: source.into(),
        }
    }

    /// Path of the field it is about.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Missing { field } | Self::Invalid { field, .. } => field,
        }
    }

    /// The same error, seen from the message that holds the field in `outer`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        let (Self::Missing { field } | Self::Invalid { field, .. }) = &mut self;
        *field = format!("{outer}.{field}");
        self
    }
}

impl From<WireError> for Status {
    fn from(error: WireError) -> Self {
        let text = match &error {
            WireError::Missing { .. } => error.to_string(),
            WireError::Invalid { source, .. } => format!("{error}: {source}"),
        };
        Self::invalid_argument(text)
    }
}

/// A message field that must be set.
pub(crate) fn required<T>(value: Option<T>, field: &str) -> Result<T, WireError> {
    value.ok_or_else(|| WireError::missing(field))
}

/// A message field that must be set, converted.
pub(crate) fn convert<T, U>(value: Option<T>, field: &str) -> Result<U, WireError>
where
    U: TryFrom<T, Error = WireError>,
{
    U::try_from(required(value, field)?).map_err(|error| error.within(field))
}

/// A repeated field, each element converted.
pub(crate) fn convert_all<T, U>(values: Vec<T>, field: &str) -> Result<Vec<U>, WireError>
where
    U: TryFrom<T, Error = WireError>,
{
    values
        .into_iter()
        .enumerate()
        .map(|(at, value)| {
            U::try_from(value).map_err(|error| error.within(&format!("{field}[{at}]")))
        })
        .collect()
}

/// A text field, read.
pub(crate) fn parse<T>(text: &str, field: impl Into<String>) -> Result<T, WireError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse()
        .map_err(|error| WireError::invalid(field, error))
}
