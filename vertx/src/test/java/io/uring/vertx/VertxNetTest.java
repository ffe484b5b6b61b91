package io.uring.vertx;

import io.vertx.tests.net.NetTest;

/** Vert.x's own tests of TCP, on this transport. */
public final class VertxNetTest extends NetTest {}
