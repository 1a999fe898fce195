//! No private key in what is shown.

use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn debug_never_shows_a_private_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let secret = sandbox.merchant().private_key().expose_hex();
    let shown = [
        format!("{sandbox:?} {sandbox:#?}"),
        format!("{:?} {:#?}", sandbox.merchant(), sandbox.merchant()),
        format!("{:?}", Sandbox::builder()),
    ];
    for shown in shown {
        assert!(!shown.to_lowercase().contains(secret.as_str()), "{shown}");
    }
    // It shows what helps: where it listens, and whose keys they are.
    assert!(format!("{sandbox:?}").contains(sandbox.base_url()));
    let public_key = sandbox.merchant().private_key().public_key().to_string();
    assert!(format!("{:?}", sandbox.merchant()).contains(&public_key));
}

#[tokio::test]
async fn every_sandbox_makes_keys_of_its_own() {
    let (first, second) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    assert_ne!(first.merchant().private_key().expose_hex(), second.merchant().private_key().expose_hex());
    assert_ne!(first.system_public_key(), second.system_public_key());
    assert_ne!(first.system_public_key(), first.merchant().private_key().public_key());
}
