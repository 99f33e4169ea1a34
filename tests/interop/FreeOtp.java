import java.io.FileInputStream;
import java.io.ObjectInputStream;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/** Opens a backup of FreeOTP 2 with Java's own serialisation and cryptography. */
public class FreeOtp {
    public static void main(String[] arguments) throws Exception {
        Map<?, ?> map;
        try (ObjectInputStream in = new ObjectInputStream(new FileInputStream(arguments[1]))) {
            map = (Map<?, ?>) in.readObject();
        }
        String master = (String) map.get("masterKey");
        byte[] salt = bytes(master, "mSalt");
        int iterations = Integer.parseInt(find(master, "\"mIterations\":(\\d+)"));
        PBEKeySpec spec = new PBEKeySpec(arguments[0].toCharArray(), salt, iterations, salt.length * 8);
        byte[] derived = SecretKeyFactory.getInstance(text(master, "mAlgorithm")).generateSecret(spec).getEncoded();
        byte[] masterKey = unwrap(master, derived);
        for (Object key : map.keySet()) {
            String token = (String) map.get(key + "-token");
            if (token == null) continue;
            // The text of JSON in the JSON.
            String wrapped = ((String) map.get(key)).replace("\\\"", "\"");
            System.out.println(text(token, "issuerExt") + "|" + text(token, "label") + "|" + text(wrapped, "mToken")
                + "|" + HexFormat.of().formatHex(unwrap(wrapped, masterKey)));
        }
    }

    /** As the app does: the parameters are read from their DER. */
    static byte[] unwrap(String json, byte[] key) throws Exception {
        java.security.AlgorithmParameters parameters = java.security.AlgorithmParameters.getInstance("GCM");
        parameters.init(bytes(json, "mParameters"));
        Cipher cipher = Cipher.getInstance(text(json, "mCipher"));
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), parameters);
        cipher.updateAAD(text(json, "mToken").getBytes("UTF-8"));
        return cipher.doFinal(bytes(json, "mCipherText"));
    }

    static String text(String json, String name) {
        return find(json, "\"" + name + "\":\"([^\"]*)\"");
    }

    static byte[] bytes(String json, String name) {
        String[] numbers = find(json, "\"" + name + "\":\\[([^\\]]*)\\]").split(",");
        byte[] bytes = new byte[numbers.length];
        for (int at = 0; at < numbers.length; at++) bytes[at] = Byte.parseByte(numbers[at]);
        return bytes;
    }

    static String find(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        if (!matcher.find()) throw new IllegalArgumentException("not there: " + pattern);
        return matcher.group(1);
    }
}
