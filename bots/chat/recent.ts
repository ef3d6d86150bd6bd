/** A map that holds at most `most` entries: it forgets those that were not set for longest. */
export class Recent<K, V> extends Map<K, V> {
  private readonly most: number
  constructor(most: number) {
    super()
    this.most = most
  }
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    for (const oldest of this.keys()) {
      if (this.size <= this.most) break
      this.delete(oldest)
    }
    return this
  }
}
