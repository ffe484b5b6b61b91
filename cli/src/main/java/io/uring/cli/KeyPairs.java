package io.uring.cli;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAKey;
import java.util.Arrays;

/** What a private key and its certificate's public key tell about each other. */
final class KeyPairs {

    private static final byte SEQUENCE = 0x30;
    private static final byte OCTET_STRING = 0x04;
    private static final byte[] VERSION_0 = {0x02, 1, 0};

    private KeyPairs() {}

    /**
     * Checks by a signature: a key of another certificate would fail only at the first handshake.
     */
    static boolean match(PrivateKey privateKey, PublicKey publicKey) {
        if (privateKey instanceof RSAKey secret && publicKey instanceof RSAKey known) {
            return secret.getModulus().equals(known.getModulus());
        }
        String algorithm = publicKey.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "EdDSA";
        byte[] message = {1, 2, 3};
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(privateKey);
            signature.update(message);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(message);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /**
     * Wraps a key in one of openssl's old formats (PKCS#1 for RSA, SEC 1 for EC) as PKCS#8, the
     * only one Java reads:
     *
     * <pre>
     * PrivateKeyInfo ::= SEQUENCE { version INTEGER 0, algorithm AlgorithmIdentifier, key OCTET STRING }
     * </pre>
     *
     * <p>The old formats leave out the algorithm. The public key states it: its encoding is
     * SEQUENCE { AlgorithmIdentifier, BIT STRING }.
     */
    static byte[] toPkcs8(byte[] oldFormat, PublicKey publicKey) {
        byte[] algorithm = firstElement(publicKey.getEncoded());
        return element(SEQUENCE, VERSION_0, algorithm, element(OCTET_STRING, oldFormat));
    }

    /** The first element inside a DER sequence, with its tag and length. */
    private static byte[] firstElement(byte[] sequence) {
        int start = contentIndex(sequence, 0);
        int content = contentIndex(sequence, start);
        return Arrays.copyOfRange(sequence, start, content + contentBytes(sequence, start));
    }

    /** DER: a length below 128 is one byte; otherwise that byte counts the bytes of the length. */
    private static int contentIndex(byte[] der, int tagIndex) {
        int first = der[tagIndex + 1] & 0xff;
        return tagIndex + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int contentBytes(byte[] der, int tagIndex) {
        int first = der[tagIndex + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = tagIndex + 2; i < contentIndex(der, tagIndex); i++) {
            length = (length << 8) | (der[i] & 0xff);
        }
        return length;
    }

    private static byte[] element(byte tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else {
            // Two bytes of length always do: a key of 64 KiB does not exist. DER wants the shortest
            // form.
            if (length > 0xff) {
                out.write(0x82);
                out.write(length >> 8);
            } else {
                out.write(0x81);
            }
            out.write(length);
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
