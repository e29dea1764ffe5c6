//! How available clusters were.

use lictor_wire::{WireError, v1};

use crate::time::At;

shown! {
    /// How available clusters were over a time.
    pub struct Availability {
        /// From this moment on.
        pub from: At,
        /// Until this one.
        pub to: At,
        /// How the numbers come about, as sentences with those of all these
        /// clusters.
        pub formula: Vec<String>,
        /// Each cluster, in order of name.
        pub clusters: Vec<ClusterAvailability>,
    }

    /// How available a cluster was. What was not observed is neither up nor down.
    /// Seconds have a fraction.
    pub struct ClusterAvailability {
        /// The cluster.
        pub cluster: String,
        /// For how long it was known whether it took writes, in seconds.
        pub observed_secs: f64,
        /// For how much of that it took none, planned outages included.
        pub unavailable_secs: f64,
        /// (observed − unavailable) / observed, in percent; null when it was not
        /// observed.
        pub availability_percent: Option<f64>,
        /// Outages that nobody wanted.
        pub failures: u32,
        /// (observed − unavailable) / failures; null without a failure.
        pub mtbf_secs: Option<f64>,
        /// The mean of the failures' lengths; null without one.
        pub mttr_secs: Option<f64>,
        /// The availability that is promised; null when none is.
        pub objective_availability_percent: Option<f64>,
        /// Whether that was kept; null where nothing is promised or known.
        pub availability_met: Option<bool>,
        /// No failure is promised to be longer; null when nothing is promised.
        pub rto_objective_secs: Option<u64>,
        /// The longest failure; null without one.
        pub rto_worst_secs: Option<f64>,
        /// Whether every failure was as short as promised; null where nothing is
        /// promised, nothing failed, or a failure may have gone on unseen.
        pub rto_met: Option<bool>,
        /// No failover is promised to lose more of what was acknowledged; null when
        /// nothing is promised.
        pub rpo_objective_secs: Option<u64>,
        /// How much of what was acknowledged was lost at most; null where nobody
        /// failed over, or nobody knows.
        pub rpo_worst_secs: Option<f64>,
        /// Whether that is as little as promised; null like that, or where nothing
        /// is promised.
        pub rpo_met: Option<bool>,
        /// The same as a sentence.
        pub rpo_sentence: String,
        /// The newest 500 outages, the oldest first; the numbers count all.
        pub outages: Vec<Outage>,
    }

    /// A time in which nobody could write, as far as it lies in the time asked for.
    pub struct Outage {
        /// From this moment on.
        pub began_at: At,
        /// Until this one; null while it lasts.
        pub ended_at: Option<At>,
        /// How much of it was observed, in seconds.
        pub secs: f64,
        /// Whether somebody wanted it so.
        pub planned: bool,
        /// Why.
        pub cause: String,
        /// Id of the recovery it belongs to.
        pub recovery: Option<String>,
    }
}

/// Microseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact for 285 years of microseconds"
)]
fn secs(micros: u64) -> f64 {
    micros as f64 / 1e6
}

impl TryFrom<v1::GetAvailabilityResponse> for Availability {
    type Error = WireError;

    fn try_from(response: v1::GetAvailabilityResponse) -> Result<Self, WireError> {
        let clusters = response.clusters.into_iter();
        Ok(Self {
            from: At::said(response.from.as_ref(), "from")?,
            to: At::said(response.to.as_ref(), "to")?,
            formula: response.formula,
            clusters: clusters.map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<v1::ClusterAvailability> for ClusterAvailability {
    type Error = WireError;

    fn try_from(of: v1::ClusterAvailability) -> Result<Self, WireError> {
        let promised = of.objectives.unwrap_or_default();
        let outages = of.outages.into_iter();
        Ok(Self {
            cluster: of.cluster,
            observed_secs: secs(of.observed_us),
            unavailable_secs: secs(of.unavailable_us),
            availability_percent: of.availability_percent,
            failures: of.failures,
            mtbf_secs: of.mtbf_us.map(secs),
            mttr_secs: of.mttr_us.map(secs),
            objective_availability_percent: promised.availability_percent,
            availability_met: of.availability_met,
            rto_objective_secs: promised.rto_secs,
            rto_worst_secs: of.rto_worst_us.map(secs),
            rto_met: of.rto_met,
            rpo_objective_secs: promised.rpo_secs,
            rpo_worst_secs: of.rpo_worst_us.map(secs),
            rpo_met: of.rpo_met,
            rpo_sentence: of.rpo_sentence,
            outages: outages.map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<v1::Outage> for Outage {
    type Error = WireError;

    fn try_from(outage: v1::Outage) -> Result<Self, WireError> {
        Ok(Self {
            began_at: At::said(outage.began_at.as_ref(), "began_at")?,
            ended_at: At::read(outage.ended_at.as_ref()),
            secs: secs(outage.observed_us),
            planned: outage.planned,
            cause: outage.cause,
            recovery: outage.recovery,
        })
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::Timestamp;

    use super::*;
    use crate::fields::assert_fields;

    const AT: Option<Timestamp> = Some(Timestamp {
        seconds: 1,
        nanos: 0,
    });

    #[test]
    fn a_report_has_the_fields_of_the_contract() {
        assert_fields(
            Availability::try_from(v1::GetAvailabilityResponse {
                from: AT,
                to: AT,
                ..v1::GetAvailabilityResponse::default()
            })
            .unwrap(),
            "from to formula clusters",
        );
        assert_fields(
            ClusterAvailability::try_from(v1::ClusterAvailability::default()).unwrap(),
            "cluster observed_secs unavailable_secs availability_percent failures mtbf_secs \
             mttr_secs objective_availability_percent availability_met rto_objective_secs \
             rto_worst_secs rto_met rpo_objective_secs rpo_worst_secs rpo_met rpo_sentence outages",
        );
        assert_fields(
            Outage::try_from(v1::Outage {
                began_at: AT,
                ..v1::Outage::default()
            })
            .unwrap(),
            "began_at ended_at secs planned cause recovery",
        );
    }

    #[test]
    fn what_nobody_knows_is_null_and_microseconds_are_seconds() {
        let of = v1::ClusterAvailability {
            observed_us: 1_500_000,
            rto_worst_us: Some(250_000),
            ..v1::ClusterAvailability::default()
        };
        let json = serde_json::to_value(ClusterAvailability::try_from(of).unwrap()).unwrap();
        assert_eq!(json["observed_secs"], 1.5);
        assert_eq!(json["rto_worst_secs"], 0.25);
        assert_eq!(json["availability_percent"], serde_json::Value::Null);
        assert_eq!(json["rpo_worst_secs"], serde_json::Value::Null);
    }
}
