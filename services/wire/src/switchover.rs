//! Orders for another primary, and what is found before.

use std::time::Duration;

use lictor_domain as domain;
use lictor_domain::switchover::{Check, Finding};
use lictor_domain::{LongTransactions, Order, Preflight};

use crate::error::WireError;
use crate::v1;

const REASON_MAX: usize = 500;

impl From<LongTransactions> for v1::LongTransactions {
    fn from(policy: LongTransactions) -> Self {
        match policy {
            LongTransactions::Wait => Self::Wait,
            LongTransactions::Kill => Self::Kill,
            LongTransactions::Refuse => Self::Refuse,
        }
    }
}

impl From<v1::LongTransactions> for LongTransactions {
    fn from(policy: v1::LongTransactions) -> Self {
        match policy {
            v1::LongTransactions::Unspecified => Self::default(),
            v1::LongTransactions::Wait => Self::Wait,
            v1::LongTransactions::Kill => Self::Kill,
            v1::LongTransactions::Refuse => Self::Refuse,
        }
    }
}

impl v1::SwitchoverClusterRequest {
    /// The order that `actor` gives with it.
    pub fn order(self, actor: String) -> Result<Order, WireError> {
        let to = self.to.map(|to| {
            let name = to.parse::<domain::NodeName>();
            name.map_err(|error| WireError::invalid("to", error))
        });
        let transactions = v1::LongTransactions::try_from(self.long_transactions)
            .map_err(|error| WireError::invalid("long_transactions", error))?;
        let pause = self.pause_us.map(Duration::from_micros);
        let older_than = self.older_than_secs.map(Duration::from_secs);
        let order = Order {
            to: to.transpose()?,
            pause: pause.unwrap_or(Order::USUAL_PAUSE),
            transactions: transactions.into(),
            older_than: older_than.unwrap_or(Order::USUAL_AGE),
            actor,
            reason: self.reason.filter(|reason| !reason.trim().is_empty()),
        };
        check(&order)?;
        Ok(order)
    }
}

fn check(order: &Order) -> Result<(), WireError> {
    if !Order::PAUSES.contains(&order.pause) {
        return Err(WireError::invalid(
            "pause_us",
            "it must be from 50 ms to 1 min",
        ));
    }
    if order.older_than > Order::GREATEST_AGE {
        return Err(WireError::invalid(
            "older_than_secs",
            "it must be a day at most",
        ));
    }
    let reason = order.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > REASON_MAX {
        let why = format!("it is longer than {REASON_MAX} characters");
        return Err(WireError::invalid("reason", why));
    }
    // Postgres has no place for it.
    if reason.contains('\0') {
        return Err(WireError::invalid("reason", "it has a NUL"));
    }
    Ok(())
}

impl From<&Check> for v1::Check {
    fn from(check: &Check) -> Self {
        let finding = match check.finding {
            Finding::Ok => v1::CheckFinding::Ok,
            Finding::Warning => v1::CheckFinding::Warning,
            Finding::Blocker => v1::CheckFinding::Blocker,
        };
        Self {
            code: check.code.as_str().to_owned(),
            finding: finding.into(),
            sentence: check.sentence.clone(),
        }
    }
}

impl From<&Preflight> for v1::SwitchoverClusterResponse {
    /// Without a recovery.
    fn from(preflight: &Preflight) -> Self {
        Self {
            checks: preflight.checks.iter().map(Into::into).collect(),
            candidate: preflight.candidate.as_ref().map(ToString::to_string),
            candidates: preflight.candidates.iter().map(Into::into).collect(),
            recovery: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_usual() {
        let order = v1::SwitchoverClusterRequest::default()
            .order("ann".to_owned())
            .unwrap();
        let usual = Order {
            to: None,
            pause: Order::USUAL_PAUSE,
            transactions: LongTransactions::Wait,
            older_than: Order::USUAL_AGE,
            actor: "ann".to_owned(),
            reason: None,
        };
        assert_eq!(order, usual);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let request = v1::SwitchoverClusterRequest::default;
        for (field, request) in [
            (
                "to",
                v1::SwitchoverClusterRequest {
                    to: Some("Orders 2".to_owned()),
                    ..request()
                },
            ),
            (
                "pause_us",
                v1::SwitchoverClusterRequest {
                    pause_us: Some(49_999),
                    ..request()
                },
            ),
            (
                "pause_us",
                v1::SwitchoverClusterRequest {
                    pause_us: Some(u64::MAX),
                    ..request()
                },
            ),
            (
                "long_transactions",
                v1::SwitchoverClusterRequest {
                    long_transactions: 9,
                    ..request()
                },
            ),
            (
                "older_than_secs",
                v1::SwitchoverClusterRequest {
                    older_than_secs: Some(86_401),
                    ..request()
                },
            ),
            (
                "reason",
                v1::SwitchoverClusterRequest {
                    reason: Some("x".repeat(501)),
                    ..request()
                },
            ),
        ] {
            let error = request.order("ann".to_owned()).unwrap_err();
            assert_eq!(error.field(), field);
        }
    }

    #[test]
    fn a_policy_of_long_transactions_reads_back_as_sent() {
        for policy in LongTransactions::ALL {
            let sent = v1::LongTransactions::from(*policy);
            assert_eq!(LongTransactions::from(sent), *policy);
        }
    }
}
