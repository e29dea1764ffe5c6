//! Lists in pages: `limit` says how long one is at most, `after` where it begins,
//! and `next` what `after` is for the next one.
//!
//! A cursor names the last item shown, so that what comes and goes between two
//! pages makes no item appear twice.

use serde::Deserialize;
use thiserror::Error;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

const USUAL: u16 = 100;
const MOST: u16 = 500;

/// How many items a page has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(in crate::api) struct Limit(u16);

/// Why a number is none.
#[derive(Debug, Error)]
#[error("it must be from 1 to {MOST}")]
pub(in crate::api) struct OutOfRange;

impl Default for Limit {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl TryFrom<u16> for Limit {
    type Error = OutOfRange;

    fn try_from(limit: u16) -> Result<Self, OutOfRange> {
        if (1..=MOST).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(OutOfRange)
        }
    }
}

impl Limit {
    /// This, or fewer.
    pub(in crate::api) fn at_most(self, most: u16) -> Self {
        Self(self.0.min(most))
    }

    /// One more than a page has: whoever gets that many knows that there is a next
    /// page.
    pub(in crate::api) fn and_one(self) -> u32 {
        u32::from(self.0) + 1
    }

    /// The page that begins with these items, and the cursor of the next one.
    pub(in crate::api) fn page<T>(
        self,
        items: impl IntoIterator<Item = T>,
        cursor: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let mut items = items.into_iter();
        let page: Vec<T> = items.by_ref().take(self.0.into()).collect();
        let next = items.next().and_then(|_| page.last().map(cursor));
        (page, next)
    }
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(MOST))
            .default(Some(USUAL.into()))
            .into()
    }
}

impl ToSchema for Limit {}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(limit: u16) -> Limit {
        Limit::try_from(limit).unwrap()
    }

    #[test]
    fn pages_show_each_item_once_and_the_last_one_says_so() {
        let all: Vec<u8> = (1..=7).collect();
        for size in 1..=8 {
            let (mut seen, mut after) = (vec![], 0);
            loop {
                let rest = all.iter().copied().filter(|item| *item > after);
                let (page, next) = limit(size).page(rest, ToString::to_string);
                assert!(!page.is_empty(), "a page of {size} is empty");
                seen.extend(page);
                let Some(next) = next else { break };
                after = next.parse().unwrap();
            }
            assert_eq!(seen, all);
        }
    }

    #[test]
    fn nothing_is_one_empty_page() {
        let (page, next) = Limit::default().page(Vec::<u8>::new(), ToString::to_string);
        assert!(page.is_empty() && next.is_none());
    }

    #[test]
    fn a_page_has_a_size_within_bounds() {
        assert!(Limit::try_from(0).is_err());
        assert!(Limit::try_from(MOST + 1).is_err());
        assert_eq!(limit(MOST).and_one(), 501);
    }
}
