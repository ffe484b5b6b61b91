package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.unix.UnixChannelOption;

/**
 * Options of this transport beyond those of {@link ChannelOption} and {@link UnixChannelOption}.
 * Names are the kernel's.
 *
 * <pre>{@code
 * new ServerBootstrap()
 *         .option(UringChannelOption.TCP_DEFER_ACCEPT, 5)
 *         .childOption(UringChannelOption.TCP_USER_TIMEOUT, 30_000);
 * }</pre>
 *
 * @param <T> the type of the value
 */
public final class UringChannelOption<T> extends UnixChannelOption<T> {
    /** Full segments only, until it is set to false. */
    public static final ChannelOption<Boolean> TCP_CORK = of("TCP_CORK");

    /** Bytes that are not sent yet above which a channel is not writable for the kernel. */
    public static final ChannelOption<Integer> TCP_NOTSENT_LOWAT = of("TCP_NOTSENT_LOWAT");

    /** Seconds. */
    public static final ChannelOption<Integer> TCP_KEEPIDLE = of("TCP_KEEPIDLE");

    /** Seconds. */
    public static final ChannelOption<Integer> TCP_KEEPINTVL = of("TCP_KEEPINTVL");

    /** Probes. */
    public static final ChannelOption<Integer> TCP_KEEPCNT = of("TCP_KEEPCNT");

    /** Milliseconds until unacknowledged data breaks the connection, 0 for the kernel's default. */
    public static final ChannelOption<Integer> TCP_USER_TIMEOUT = of("TCP_USER_TIMEOUT");

    /** The kernel turns it off again by itself. */
    public static final ChannelOption<Boolean> TCP_QUICKACK = of("TCP_QUICKACK");

    /** Seconds; for servers: accepts when the first bytes have come, or after so long. */
    public static final ChannelOption<Integer> TCP_DEFER_ACCEPT = of("TCP_DEFER_ACCEPT");

    /** The name of a congestion control, such as {@code cubic}. */
    public static final ChannelOption<String> TCP_CONGESTION = of("TCP_CONGESTION");

    /** Binding to an address that is not there (yet). */
    public static final ChannelOption<Boolean> IP_FREEBIND = of("IP_FREEBIND");

    /** Addresses of others, as proxies use them; needs CAP_NET_ADMIN. */
    public static final ChannelOption<Boolean> IP_TRANSPARENT = of("IP_TRANSPARENT");

    /**
     * Whether the kernel may merge datagrams of one sender and length (5.0), which costs less than
     * one by one. They arrive as single packets, which share memory.
     */
    public static final ChannelOption<Boolean> UDP_GRO = of("UDP_GRO");

    /**
     * Whether a channel receives from all groups that anybody on this machine has joined;
     * otherwise, and by default, from its own.
     */
    public static final ChannelOption<Boolean> IP_MULTICAST_ALL = of("IP_MULTICAST_ALL");

    /**
     * Whether the recipient of a received packet is the address it was sent to, and not the
     * channel's own: for transparent proxies.
     */
    public static final ChannelOption<Boolean> IP_RECVORIGDSTADDR = of("IP_RECVORIGDSTADDR");

    /** Microseconds; more than the system's value needs CAP_NET_ADMIN. */
    public static final ChannelOption<Integer> SO_BUSY_POLL = of("SO_BUSY_POLL");

    /** 0 to 6; higher ones need CAP_NET_ADMIN. */
    public static final ChannelOption<Integer> SO_PRIORITY = of("SO_PRIORITY");

    /** The mark for routing; needs CAP_NET_ADMIN. */
    public static final ChannelOption<Integer> SO_MARK = of("SO_MARK");

    /**
     * From how many bytes on a message is sent without a copy (kernel 6.0); -1, the default, for
     * never: it pays for large messages to other machines, and the buffer is released only when the
     * peer has acknowledged it.
     */
    public static final ChannelOption<Integer> ZERO_COPY_BYTES = of("ZERO_COPY_BYTES");

    @SuppressWarnings("deprecation") // there is no other way, and nobody makes an instance
    private UringChannelOption() {}

    private static <T> ChannelOption<T> of(String name) {
        return valueOf(UringChannelOption.class, name);
    }
}
