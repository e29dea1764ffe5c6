use lictor_domain::Term;
use lictor_mysql::{MysqlError, Session, Tripwire};

use crate::{AMPLE, lab, nodes, target};

#[tokio::test]
async fn only_sessions_of_earlier_terms_are_ended() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let open = async |term| Session::open(&target(node, term), AMPLE).await.unwrap();
    let (mut deposed, mut same, mut later, mut leader) = (
        open(9).await,
        open(10).await,
        open(11).await,
        open(10).await,
    );
    let tripwire = Tripwire::set(&target(node, 8), AMPLE).await.unwrap();
    let broken = tokio::spawn(tripwire.broken());

    assert_eq!(leader.kill_older_terms(Term(10), AMPLE).await.unwrap(), 2);
    let lost = deposed.probe(AMPLE).await.unwrap_err();
    assert!(matches!(lost, MysqlError::Broken { .. }), "{lost:?}");
    same.probe(AMPLE).await.unwrap();
    later.probe(AMPLE).await.unwrap();
    tokio::time::timeout(AMPLE, broken).await.unwrap().unwrap();
    assert_eq!(leader.kill_older_terms(Term(10), AMPLE).await.unwrap(), 0);
}
