/** The same object with some of its methods replaced; what is not named stays as it is. */
export function withMethods<T extends object>(object: T, changes: Partial<T>): T {
  return new Proxy(object, {
    get: (target, name) => {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' && !Object.hasOwn(changes, name)
        ? (value.bind(target) as unknown)
        : value;
    },
  });
}
