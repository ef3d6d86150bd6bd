// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Authorization} from "./Authorization.sol";

/// @title Cumulative Merkle distribution with a challenge window
/// @notice Somebody computes off chain what every account has earned since the beginning and posts the root. Until its window
/// is over the old root pays; anybody may check the published file and challenge. Units are the token's smallest unit, uint64.
///
/// Leaf: keccak256(keccak256(abi.encode(LEAF_TAG, uint256 index, address account, uint64 cumulative))), nodes are sorted pairs
/// (OpenZeppelin MerkleProof). `cumulative` only ever grows. An index belongs to one account for life: `claimed` counts by
/// index, so a root that gives index 7 to somebody else takes from both; `refute` proves that without any arbiter.
///
/// Invariants: paid <= active total <= funded; a second claim of the same leaf pays nothing; the token balance is at least
/// funded - paid + the bond in dispute.
interface IRewards {
    struct Leaf {
        uint256 index;
        address account;
        uint64 cumulative;
    }

    /// @param root the root that claims are checked against now; bytes32(uint256(1)) before the first became active
    struct Standing {
        bytes32 root;
        uint64 total;
        uint64 funded;
        uint64 paid;
        bool paused;
        bytes32 pendingRoot; // 0: none
        uint64 pendingTotal;
        uint32 activeAt; // Unix seconds
        uint24 epoch; // of the newest root
        bool disputed;
    }

    event PosterAppointed(address poster);
    event Funded(address indexed payer, uint64 units, uint64 funded);
    event Posted(uint24 indexed epoch, bytes32 root, bytes32 fileHash, uint64 total, uint32 activeAt);
    event Challenged(bytes32 indexed root, address indexed challenger, bytes32 evidenceHash);
    event Resolved(bytes32 indexed root, bool upheld, bytes32 findingHash);
    event Dropped(bytes32 indexed root);
    event Claimed(uint256 indexed index, address indexed recipient, uint64 units);
    /// @dev One for a whole batch (an event each would cost 1,800 gas more); the token's Transfer events say who got what.
    event ClaimedRange(uint256 indexed first, uint256 count, uint64 units);
    event Frozen(uint256 indexed index, bool frozen);
    event PauseSet(bool paused);

    error NotPoster(address caller);
    error ArbiterIsPoster(address caller);
    error IsPaused();
    error RootPending(uint32 activeAt);
    error NothingPending();
    error WindowOver(uint32 activeAt);
    error AlreadyDisputed();
    error NotDisputed();
    error RootMissing();
    error EpochWentBack(uint24 last, uint24 epoch);
    error TotalShrank(uint64 active, uint64 total);
    error NotFunded(uint64 funded, uint64 total);
    error UnitsTooLarge(uint256 units);
    error NotInTree();
    error NotARefutation();
    error IndexFrozen(uint256 index);
    error PaidPastTotal(uint64 total, uint256 paid);
    error DeadlinePassed(uint256 deadline);
    error NotSigned(address account);

    /// @notice Puts `units` of `payer` behind future roots, for good.
    /// @dev Requirements: an ERC-3009 authorisation of `payer` with nonce keccak256(abi.encode(FUND, salt)).
    function fund(address payer, uint64 units, bytes32 salt, Authorization calldata authorization) external;

    /// @notice Proposes the next root. `total` is the sum of its leaves.
    /// @dev Effects: the root becomes active `WINDOW` seconds later by time alone; until then the old one pays.
    /// Requirements: caller is the poster; no root is pending; not paused; epoch does not go back (a correction may repeat it);
    /// active total <= total <= funded. Trap: the leaves' sum cannot be checked here, it is what challengers check; a wrong
    /// sum cannot pay more than `total` all the same.
    function post(bytes32 root, bytes32 fileHash, uint24 epoch, uint64 total) external;

    /// @notice Stops the pending root until an arbiter has decided. Takes BOND from `challenger`.
    /// @dev Requirements: inside the window; nonce keccak256(abi.encode(CHALLENGE, pendingRoot, evidenceHash)).
    function challenge(address challenger, bytes32 evidenceHash, Authorization calldata authorization) external;

    /// @notice Decides a dispute. Upheld: the root is dropped and the bond returns. Rejected: the bond goes to the treasury and
    /// the root becomes active when its window is over.
    /// @dev Requirements: arbiter role, and never the poster.
    function resolve(bool upheld, bytes32 findingHash) external;

    /// @notice The poster takes its pending root back; a challenger's bond returns.
    function withdraw() external;

    /// @notice Drops the pending root by proof: `later` is in it, `earlier` is in it or in the active one, both have the same
    /// index, and the account changed or the cumulative shrank (or, both in the pending root, differs). Anybody may call.
    function refute(Leaf calldata earlier, bytes32[] calldata earlierProof, Leaf calldata later, bytes32[] calldata laterProof)
        external;

    /// @notice Pays `leaf.account` what the active root gives it over what was paid; nothing when nothing is new. Anybody may
    /// call. Returns the units paid. Reverts with IndexFrozen on a frozen index.
    function claim(Leaf calldata leaf, bytes32[] calldata proof) external returns (uint64 units);

    /// @notice Like claim, to another address, by the account's EIP-712 signature over
    /// ClaimTo(uint256 index,bytes32 root,uint64 cumulative,address recipient,uint256 nonce,uint256 deadline).
    /// @dev `nonce` is nonces(account); ERC-1271 accounts may sign.
    function claimTo(
        Leaf calldata leaf,
        bytes32[] calldata proof,
        address recipient,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 units);

    /// @notice Pays many neighbours of the tree at once: leaves first, first+1, ...
    /// @param place of the range's last leaf: in a tree of n leaves, leaf i has place 2n-2-i and node p the children 2p+1, 2p+2.
    /// All leaves of a range must lie on one level (places on the same side of every 2^k-2 | 2^k-1).
    /// @param entries account << 64 | cumulative, one word a leaf
    /// @param proof the siblings beside the range, from the leaves up, on each level the left one first
    /// @dev Frozen indices and those with nothing new are passed over, so that nobody can spoil a batch.
    function claimRange(uint256 first, uint256 place, uint256[] calldata entries, bytes32[] calldata proof)
        external
        returns (uint256 units);

    /// @notice One bit that every claim reads, for re-linking a person to a new index. Guardian role.
    function freeze(uint256 index, bool frozen) external;

    /// @notice Stops posts and claims. A root that was pending starts its window anew when the pause ends. Guardian role.
    function setPause(bool paused) external;

    /// @notice Names the only address that may post. Admin role; refused while a root is pending.
    function appointPoster(address poster) external;

    function claimed(uint256 index) external view returns (uint64 units, bool frozen);

    function standing() external view returns (Standing memory);
}
