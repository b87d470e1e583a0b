//! `/metrics`, on a port of its own: figures without a person in them.

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;

/// Serves what `figures` holds on `listener`.
pub fn serve(listener: TcpListener, figures: PrometheusHandle) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        let figures = figures.clone();
        let render = move || {
            let text = figures.render();
            async move { text }
        };
        App::new().route("/metrics", web::get().to(render))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
