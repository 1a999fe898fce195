//! Many sandboxes, and many calls, at the same time.

use crate::Caller;
use crate::http::in_time;
use std::collections::HashSet;
use tarspay_sandbox::Sandbox;
use tokio::task::JoinSet;

#[tokio::test]
async fn twenty_sandboxes_run_side_by_side_with_ports_keys_and_states_of_their_own() {
    let mut starting: JoinSet<_> = (0..20).map(|_| Sandbox::start()).collect();
    let mut sandboxes = Vec::new();
    while let Some(sandbox) = starting.join_next().await {
        sandboxes.push(sandbox.unwrap().unwrap());
    }
    let ports: HashSet<_> = sandboxes.iter().map(|sandbox| sandbox.address().port()).collect();
    let keys: HashSet<_> = sandboxes
        .iter()
        .flat_map(|sandbox| [sandbox.merchant().private_key().public_key(), sandbox.system_public_key()])
        .collect();
    assert_eq!((ports.len(), keys.len()), (20, 40));

    for (amount, sandbox) in (0_u32..).zip(&sandboxes) {
        sandbox.set_balance(sandbox.merchant().merchant_no(), amount.into(), 0_u32.into()).unwrap();
    }
    for (amount, sandbox) in sandboxes.iter().enumerate() {
        let response = Caller::of(sandbox).balance_query().send(sandbox.address()).await;
        response.assert_balance("M1688443086", &amount.to_string(), "0");
    }
    let abroad = Caller::of(&sandboxes[0]).balance_query().send(sandboxes[1].address()).await;
    abroad.assert_refused(200, 5_003_005);
    for sandbox in sandboxes {
        in_time(sandbox.stop()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_calls_at_once_are_all_answered() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, address) = (Caller::of(&sandbox), sandbox.address());
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        let query = caller.balance_query();
        calls.spawn(async move { query.send(address).await });
    }
    let mut answered = 0;
    while let Some(response) = calls.join_next().await {
        response.unwrap().assert_balance("M1688443086", "1000000", "0");
        answered += 1;
    }
    assert_eq!(answered, 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_one_call_sent_many_times_at_once_exactly_one_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let (query, address) = (Caller::of(&sandbox).balance_query(), sandbox.address());
    let mut calls = JoinSet::new();
    for _ in 0..32 {
        let query = query.clone();
        calls.spawn(async move { query.send(address).await.code() });
    }
    let codes = calls.join_all().await;
    assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1);
    assert_eq!(codes.iter().filter(|&&code| code == 5_003_008).count(), 31);
}
