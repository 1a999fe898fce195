//! Opening the database, and what is shown of it.

use crate::postgres::Postgres;
use crate::world::{Base, World, book, worlds};
use tarspay_inbox::{ErrorKind, Fact, Inbox, Value};

#[tokio::test]
async fn postgresql_is_reached_by_tls_with_a_certificate_that_is_trusted() {
    let server = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = server.cert.pem();
    let Some((_server, port)) = Postgres::start_with_tls(&certificate, &server.signing_key.serialize_pem())
    else {
        return;
    };
    let address = |host: &str, mode: &str| {
        format!("host={host} hostaddr=127.0.0.1 port={port} user=shop dbname=postgres sslmode={mode}")
    };
    let trusted = Inbox::postgres(&address("localhost", "require")).root_certificates(certificate.as_bytes());
    let inbox = trusted.open().await.unwrap();
    inbox.migrate().await.unwrap();
    inbox.status().await.unwrap();
    for (host, mode) in [("localhost", "require"), ("localhost", "prefer")] {
        let error = Inbox::postgres(&address(host, mode)).open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database, "nobody has signed the certificate: {error}");
    }
    let other = Inbox::postgres(&address("other.test", "require")).root_certificates(certificate.as_bytes());
    assert_eq!(other.open().await.unwrap_err().kind(), ErrorKind::Database, "it is for another host");
    Inbox::postgres(&address("localhost", "disable")).open().await.unwrap();
    let broken = Inbox::postgres(&address("localhost", "require")).root_certificates("no certificate");
    assert_eq!(broken.open().await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn sqlite_runs_in_the_thread_of_the_caller_if_asked_to() {
    let mut world = World::on(Base::sqlite()).await;
    world.inbox = world.base.builder().inline().open().await.unwrap();
    let id = world.placed("D1", "1500").await;
    world.sandbox.pay(&id).unwrap();
    world.deliver().await;
    let worker = world.worker();
    let handler = |fact: Fact| async move {
        let mut tx = fact.begin().await?;
        let number = fact.merchant_order_no().to_string();
        let sql = "INSERT INTO ledger (number, state, paid, effect) VALUES (?1, 2, '1500', '-')";
        tx.with_connection(move |connection| connection.execute(sql, [number])).await?;
        let failed = tx.with_connection(|connection| connection.execute("INSERT INTO nothing", [])).await;
        assert!(std::error::Error::source(&failed.unwrap_err()).is_some());
        tx.commit().await
    };
    worker.drain(handler).await;
    assert_eq!(world.ledger().await, ["D1 2 1500"]);
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no folder").join("shop.db");
    let nobody = format!("host={} user=shop password=secret", folder.path().display());
    for builder in
        [Inbox::sqlite(nowhere), Inbox::postgres(&nobody), Inbox::postgres("host=a password=secret b")]
    {
        let shown = format!("{builder:?}");
        let error = builder.open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database);
        for text in [shown, format!("{error} {error:?}")] {
            assert!(!text.contains("secret"), "{text}");
        }
    }
}

/// Neither of a request nor of a response.
#[tokio::test]
async fn debug_and_errors_show_nothing_personal() {
    for world in worlds().await {
        let (payee, page) = ("254115555076", "payUrl");
        let request = world.withdrawal("W1", "700");
        let in_doubt = world.inbox.place_withdrawal(&world.client_of_nobody(), &request).await.unwrap();
        let deposit = world.inbox.place_deposit(&world.client, &world.deposit("D1", "1500")).await.unwrap();
        let url = deposit.pay_url().unwrap().to_owned();
        world.sandbox.pay(deposit.pay_order_id.as_ref().unwrap()).unwrap();
        world.deliver().await;
        let other = world.withdrawal("W1", "700").customer_name("Wanjiku");
        let error = world.inbox.place_withdrawal(&world.client, &other).await.unwrap_err();
        let mut shown =
            vec![format!("{in_doubt:?}{deposit:?}{error}{error:?}"), format!("{:?}", Value::from(payee))];
        let inbox = world.inbox.clone();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let handler = move |fact: Fact| {
            let tell = tell.clone();
            async move {
                let mut tx = fact.begin().await?;
                let rows =
                    tx.query("SELECT request FROM tarspay_orders WHERE request IS NOT NULL", []).await?;
                tell.send(format!("{rows:?}{fact:?}{tx:?}")).unwrap();
                drop(tx);
                book(fact).await
            }
        };
        inbox.worker(&world.client).drain(handler).await;
        shown.push(told.recv().await.unwrap());
        shown.push(format!("{:?}{:?}{:?}", world.inbox, world.worker(), world.inbox.status().await.unwrap()));
        for text in shown {
            for private in [payee, "Wanjiku", url.as_str(), page] {
                assert!(!text.contains(private), "{private} in {text}");
            }
        }
    }
}
