use super::*;

#[test]
fn words_read_back_as_written() {
    for mode in Mode::ALL {
        assert_eq!(mode.as_str().parse::<Mode>().unwrap(), *mode);
    }
    let error = "on".parse::<Mode>().unwrap_err().to_string();
    assert_eq!(
        error,
        "mode `on` is unknown; use one of: observe, manual, auto"
    );
}

#[test]
fn a_share_is_a_number_or_a_percentage() {
    for (text, of_three) in [("0", 0), ("2", 2), ("7", 3), ("50%", 2), ("100%", 3)] {
        let share: Share = text.parse().unwrap();
        assert_eq!(share.to_string(), text);
        assert_eq!(share.of(3), of_three, "{text}");
    }
    for text in ["", "-1", "101%", "half"] {
        assert!(text.parse::<Share>().is_err(), "{text}");
    }
}

#[test]
fn a_policy_stored_before_there_was_an_option_reads_with_its_default() {
    let stored = r#"{"mode": "auto", "max_read_lag_secs": 9}"#;
    let policy: Policy = serde_json::from_str(stored).unwrap();
    assert_eq!(policy.on_starved, OnStarved::Wait);
    assert_eq!(policy.lowest_acks(), 1);
    assert_eq!(policy.better_placed, BetterPlaced::Switch);
}

#[test]
fn an_availability_reads_back_as_written_and_is_one() {
    for percent in [99.95, 100.0, 99.9999, 0.0001, 12.5] {
        let parsed = AvailabilityPercent::try_from(percent).unwrap();
        assert_eq!(
            serde_json::to_string(&parsed).unwrap(),
            format!("{percent:?}")
        );
    }
    for percent in [0.0, -1.0, 100.0001, 99.999_99, f64::NAN, f64::INFINITY] {
        assert!(AvailabilityPercent::try_from(percent).is_err(), "{percent}");
    }
}

#[test]
fn durability_reads_back_as_written() {
    for text in ["async", "semi-sync 1", "semi-sync 3"] {
        assert_eq!(text.parse::<Durability>().unwrap().to_string(), text);
    }
    assert!("semi-sync 0".parse::<Durability>().is_err());
}
