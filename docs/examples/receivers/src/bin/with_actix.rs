use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use receivers::Orders;
use tarspay::CallbackVerifier;

type Shared = web::Data<(CallbackVerifier, Orders)>;

async fn notify(request: HttpRequest, body: web::Bytes, shared: Shared) -> HttpResponse {
    let signature = request.headers().get("X-RESP-SIGNATURE");
    let signature = signature.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let received = web::block(move || shared.1.receive(&shared.0, signature.as_deref(), &body)).await;
    let (status, text) = received.unwrap_or((500, "not stored"));
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default()).body(text)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let shared = Shared::new((CallbackVerifier::from_env()?.prepared(), Orders::open()?));
    let limit = web::PayloadConfig::new(shared.0.limit());
    let route = || web::resource("/tarspay/notify").route(web::post().to(notify));
    let app = move || App::new().app_data(shared.clone()).app_data(limit.clone()).service(route());
    let server = HttpServer::new(app).bind(std::env::args().nth(1).unwrap_or("127.0.0.1:8788".into()))?;
    server.addrs().iter().for_each(|address| println!("http://{address}/tarspay/notify"));
    Ok(server.run().await?)
}
