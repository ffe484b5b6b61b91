package io.uring.vertx;

import io.vertx.tests.http.Http1xTest;

/** Vert.x's own tests of HTTP/1, on this transport. */
public final class VertxHttp1xTest extends Http1xTest {}
