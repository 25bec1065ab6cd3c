/** Of the product: what subscribers see in `user-agent`, and callers in the API's description. */
export const VERSION = '0.1.0';
