//! Orders are written before they are sent, and taken up under the same number.

use crate::world::World;
use tarspay_inbox::ErrorKind;

pub async fn a_deposit_is_placed_paid_and_applied_once(world: World) {
    let order = world.inbox.place_deposit(&world.client, &world.deposit("D1", "1500")).await.unwrap();
    assert!(order.pay_url().is_some());
    assert!(!order.is_in_doubt);
    world.sandbox.pay(&order.pay_order_id.unwrap()).unwrap();
    world.deliver().await;
    assert_eq!(world.ledger().await, [""; 0], "nothing is applied without a worker");

    world.drain().await;
    world.drain().await;
    assert_eq!(world.ledger().await, ["D1 2 1500"]);
    let order = world.order("D1").await;
    assert_eq!(order.applied, Some(order.status));
    assert!(order.pay_url().is_none(), "of no use any more");
}

pub async fn the_same_request_is_taken_up_and_another_one_is_refused(world: World) {
    let request = world.deposit("D1", "1500");
    let first = world.inbox.place_deposit(&world.client, &request).await.unwrap();
    let restarted = world.restart().await;
    let again = restarted.place_deposit(&world.client, &request).await.unwrap();
    assert_eq!((again.id, again.pay_url()), (first.id, first.pay_url()), "with the page to pay on");

    for other in [world.deposit("D1", "1501"), request.clone().customer_contact("254115555077")] {
        let error = restarted.place_deposit(&world.client, &other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OtherRequest, "{error}");
    }
    let error = restarted.place_withdrawal(&world.client, &world.withdrawal("D1", "1500")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherRequest, "{error}");
    let mut invalid = world.deposit("D2", "1500");
    invalid.customer_contact = None;
    let error = restarted.place_deposit(&world.client, &invalid).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(world.base.rows("SELECT number AS c FROM tarspay_orders").await, ["D1"]);
    assert_eq!(world.sandbox.orders().unwrap().len(), 1);
}
