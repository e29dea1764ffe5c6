//! Which questions are asked while the primary is suspected.

use super::*;
use crate::witness::Word;

fn suspecting() -> (Bench, Vec<Command>) {
    let mut bench = Bench::watching(auto());
    let commands = bench
        .later(ms(400))
        .step(Event::ConnectionLost { node: name(1) });
    (bench, commands)
}

#[test]
fn a_suspicion_asks_everyone_at_once_and_nobody_twice() {
    let (mut bench, commands) = suspecting();
    assert_eq!(asked(&commands), [name(1), name(2), name(3)]);
    let node = name(1);
    assert!(commands.contains(&Command::Knock { node: node.clone() }));
    assert!(commands.contains(&Command::AskMembers { node }));
    assert_eq!(commands.len(), 5);
    let again = bench.later(ms(50)).step(Event::Tick);
    assert_eq!(again, []);
}

#[test]
fn who_has_answered_is_asked_again_after_the_pace() {
    let (mut bench, _) = suspecting();
    let pace = bench.keeper.timing().suspicion_pace;
    assert_eq!(asked(&bench.answers(2)), []);
    assert_eq!(asked(&bench.later(pace / 2).step(Event::Tick)), []);
    assert_eq!(asked(&bench.later(pace / 2).step(Event::Tick)), [name(2)]);
}

#[test]
fn a_long_suspicion_asks_less_often_and_a_greeting_does_not_hasten_it() {
    let (mut bench, _) = suspecting();
    bench.later(ms(2_000));
    bench.answers(2);
    let (node, knock) = (name(1), Knock::Greeted);
    bench.step(Event::Knocked { node, knock });
    assert_eq!(asked(&bench.later(ms(90)).step(Event::Tick)), []);
    assert!(asked(&bench.later(ms(30)).step(Event::Tick)).contains(&name(2)));
}

#[test]
fn the_other_instances_are_asked_again_whether_they_answer_or_not() {
    let (mut bench, _) = suspecting();
    let asks = |commands: Vec<Command>| {
        let ask = |command: &Command| matches!(command, Command::AskMembers { .. });
        commands.iter().any(ask)
    };
    assert!(!asks(bench.later(ms(90)).step(Event::Tick)));
    assert!(asks(bench.later(ms(20)).step(Event::Tick)));
    bench.step(Event::Witnessed {
        member: "lictor-2".to_owned(),
        node: name(1),
        asked: now(bench.at).mono,
        word: Word::Answers,
    });
    assert!(!asks(bench.later(ms(20)).step(Event::Tick)));
    assert!(asks(bench.later(ms(90)).step(Event::Tick)));
}

#[test]
fn a_question_without_an_answer_is_asked_again_in_the_end() {
    let (mut bench, _) = suspecting();
    assert_eq!(asked(&bench.later(ms(2_900)).step(Event::Tick)), []);
    let all = [name(1), name(2), name(3)];
    assert_eq!(asked(&bench.later(ms(200)).step(Event::Tick)), all);
}

#[test]
fn it_wakes_for_what_nothing_announces_and_is_never_asleep_for_long() {
    let (bench, _) = suspecting();
    let mono = now(bench.at).mono;
    let wake = bench.keeper.wake_at(mono);
    assert!(wake > mono && wake <= mono + bench.keeper.timing().suspicion_pace);
    let calm = Bench::watching(auto());
    let mono = now(calm.at).mono;
    let wake = calm.keeper.wake_at(mono);
    assert!(wake > mono && wake <= mono + LONGEST_SLEEP);
}
