package io.uring.vertx;

import io.vertx.tests.datagram.DatagramTest;

/** Vert.x's own tests of UDP, on this transport. */
public final class VertxDatagramTest extends DatagramTest {}
