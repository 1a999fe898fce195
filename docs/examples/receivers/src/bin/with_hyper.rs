use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, rt::TokioTimer, service::TowerToHyperService};
use receivers::Orders;
use tarspay::{CallbackLayer, CallbackVerifier};
use tower::{Layer as _, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let orders = Orders::open()?;
    let layer = CallbackLayer::new(CallbackVerifier::from_env()?.prepared());
    let service = layer.layer(service_fn(move |callback| {
        let orders = orders.clone();
        async move { tokio::task::spawn_blocking(move || orders.store(&callback)).await?.map(drop) }
    }));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8788".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/tarspay/notify", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (stream, service) = (TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        // The timer turns on hyper's limit of 30 seconds for a head.
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(stream, service));
    }
}
